# shellcheck shell=bash
# The firewall of Oracle Linux: firewalld. The same rules in words of its own: interfaces go to the zone that trusts all,
# a port to the default zone, which is the public interface's. Oracle's direct.xml is left alone.
# Where firewalld does not run there is nothing to open.

: "${FIREWALL_RULES:?}"

# shellcheck disable=SC2034 # steps/host_firewall reads it: whose tables of nftables are edited here
readonly FIREWALL_OWN=firewalld

firewall_is_open() {
  local state life known name
  state=$(service_state firewalld)
  [[ $state == *=active* ]] || return 0
  for life in '' --permanent; do
    known=$(firewall-cmd ${life:+"$life"} --zone=trusted --list-all) || cannot_tell 'firewalld does not answer'
    known+=" $(firewall-cmd ${life:+"$life"} --list-ports)" || cannot_tell 'firewalld does not answer'
    while read -r _ name; do
      [[ " ${known//$'\n'/ } " == *" $name "* ]] || return 1
    done < <(firewall_words)
  done
}

# Running and permanent are set one by one: a reload would drop the chains of Tailscale and Cilium.
open_firewall() {
  local life kind name
  for life in '' --permanent; do
    while read -r kind name; do
      case $kind in
        port) retry 1 0 firewall-cmd --quiet ${life:+"$life"} "--add-port=$name" ;;
        *) retry 1 0 firewall-cmd --quiet ${life:+"$life"} --zone=trusted "--change-interface=$name" ;;
      esac
    done < <(firewall_words)
  done
}

firewall_words() {
  sed -nE 's/^INPUT .*-i ([^ ]+).*/interface \1/p; s/^INPUT -p ([a-z]+) .*--dport ([0-9]+) .*/port \2\/\1/p' \
    <<<"$FIREWALL_RULES"
}
