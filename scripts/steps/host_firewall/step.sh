# shellcheck shell=bash
# The image's own firewall lets the mesh and the pods through. It is edited, never flushed, saved or reloaded:
# saving would freeze the chains of Tailscale and Cilium into it, reloading would throw the live ones away.
# How depends on the OS family: firewall_iptables.sh (Ubuntu, Debian) or firewall_firewalld.sh (Oracle Linux). Tables that
# somebody wrote for nftables are theirs to edit.

: "${FIREWALL_OWN:?}"

check_host_firewall() {
  local found
  found=$(host_firewall_foreign)
  [[ -z $found ]]
  firewall_is_open
}

apply_host_firewall() {
  local found
  found=$(host_firewall_foreign)
  [[ -z $found ]] || fail "nft chain $found refuses the mesh" \
    "now and in its file: nft insert rule $found iifname tailscale0 accept; the same for lxc*, cilium_* and for oifname"
  open_firewall
}

# The first chain that refuses what no rule of its own accepts, and accepts neither the tailnet's interface nor its
# addresses, however it is written: a node that works must not be stopped for it. Those of
# iptables have names in capitals.
host_firewall_foreign() {
  hash nft 2>/dev/null || return 0
  # Of the tables that iptables keeps in nftables it warns each time.
  nft list ruleset 2>/dev/null | awk -v own="$FIREWALL_OWN" '
    /^table/ { t = $2 " " $3 }
    /^\tchain/ { c = t " " $2 }
    / hook (input|forward) / && c ~ /^inet|^ip [a-z]+ [a-z]/ && c !~ own { w = 1; d = /policy drop/ }
    /(tailscale|100\.64\.).* accept/ { w = 0 }
    /^\t\t(counter .*)?(drop|reject)/ { d = 1 }
    /^\t}/ { if (w && d && !n++) print c; w = 0 }' || cannot_tell 'nft does not answer'
}
