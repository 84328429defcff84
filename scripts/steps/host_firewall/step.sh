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
  [[ -z $found ]] || fail "chain $found of nftables refuses the mesh" "nft insert rule $found iifname NAME accept, NAME \
each of tailscale0, \"lxc*\", \"cilium_*\"; if it forwards, oifname too; then in the file that it is loaded from"
  open_firewall
}

# The first chain that refuses what no rule of its own accepts, and does not accept the tailnet's interface.
host_firewall_foreign() {
  local rules
  rules=$(type -P nft) || return 0
  rules=$(nft list ruleset) || cannot_tell 'nft does not answer'
  awk -v own="$FIREWALL_OWN" '
    /^table/ { t = $2 " " $3 }
    /^\tchain/ { c = t " " $2; w = 0 }
    / hook (input|forward) / && c !~ own { w = 1; d = /policy drop/ }
    /tailscale0.* accept/ { w = 0 }
    /^\t\t(counter [a-z0-9 ]*)?(drop|reject)/ { d = 1 }
    /^\t}/ && w && d { print c; exit }' <<<"$rules"
}
