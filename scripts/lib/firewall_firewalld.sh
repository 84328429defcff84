# shellcheck shell=bash
# The firewall of Oracle Linux: firewalld. The same rules in words of its own: interfaces and sources go to the zone
# that trusts all, a port to the default zone, which is the public interface's. Oracle's direct.xml is left alone.
# Where firewalld does not run there is nothing to open.

: "${FIREWALL_RULES:?}"

firewall_is_open() {
  local state life known name
  state=$(systemctl is-active firewalld) || [[ -n $state ]] || cannot_tell 'systemctl does not answer'
  [[ $state == active ]] || return 0
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
        *) retry 1 0 firewall-cmd --quiet ${life:+"$life"} --zone=trusted "--change-$kind=$name" ;;
      esac
    done < <(firewall_words)
  done
}

firewall_words() {
  local chain flag value rest
  while read -r chain flag value rest; do
    rest=${rest#*--dport }
    case "$chain $flag" in
      'INPUT -i') printf 'interface %s\n' "$value" ;;
      'INPUT -s') printf 'source %s\n' "$value" ;;
      'INPUT -p') printf 'port %s/%s\n' "${rest%% *}" "$value" ;;
      *) ;;
    esac
  done <<<"$FIREWALL_RULES"
}
