# shellcheck shell=bash
# Of its network: ports and addresses that are the node's, the tailnet that it is in, and a firewall that no step edits.

: "${ROOT?}" "${NODE_ROLE:?}" "${API_PORT:?}" "${POD_SUBNET:?}" "${SERVICE_SUBNET:?}" "${TAILNET_SUBNET:?}"
: "${LOGIN_SERVER?}" "${TAILNET_TAGS[*]-}"

# By kubeadm's defaults and Cilium's; the names are those that ss gives.
adopt_ask_ports() {
  local found list ports="tcp/4240 tcp/4244 tcp/10248 tcp/10250 udp/8472"
  [[ $NODE_ROLE != control-plane ]] || ports+=" tcp/$API_PORT tcp/2379 tcp/2380 tcp/2381 tcp/10257 tcp/10259"
  list=$(ss --no-header --tcp --udp --listening --numeric --processes)
  found=$(awk -v wanted=" $ports " '{ n = split($5, part, ":"); at = $1 "/" part[n]; split($7, user, "\"") }
    index(wanted, " " at " ") && !seen[at]++ { printf ", %s (%s)", at, user[2] ? user[2] : "the kernel" }' <<<"$list")
  [[ -z $found ]] || refuses "somebody listens where the node has to: ${found#, }" 'stop it, or move it to another port: ss -lntup'
}

adopt_ask_networks() {
  local subnet found
  for subnet in "$POD_SUBNET" "$SERVICE_SUBNET" "$TAILNET_SUBNET"; do
    found=$(ip -4 -oneline route show root "$subnet")
    [[ -z $found ]] || refuses "a network of this machine lies in the plan's $subnet: ${found//$'\n'/, }" \
      'take it away, or plan other subnets: pod_subnet, service_subnet'
  done
}

# A machine of this tailnet may stay in it: its step takes it as it is, but for a tag, which only a login can give.
adopt_ask_tailnet() {
  local state name server tags tag way='tailscale logout (not over an SSH that comes through it); the node then logs in itself'
  hash tailscale 2>/dev/null || return 0
  state=$(tailnet_state)
  if [[ $state == Stopped || -z $state && -s $ROOT/var/lib/tailscale/tailscaled.state ]]; then
    refuses 'tailscale is down here, so whose tailnet this machine is in cannot be seen' "systemctl start tailscaled; tailscale up; or: $way"
  fi
  [[ $state == Running || $state == NeedsMachineAuth ]] || return 0
  name=$(tailnet_says 'd["Self"]["DNSName"] or d["Self"]["HostName"]')
  server=$(adopt_tailnet_server)
  if [[ ${LOGIN_SERVER:-https://login.tailscale.com} != "$server" ]]; then
    refuses "this machine is in another tailnet: $name at $server" "$way"
    return 0
  fi
  tags=$(tailnet_says '*d["Self"].get("Tags") or []')
  for tag in "${TAILNET_TAGS[@]}"; do
    [[ " $tags " == *" $tag "* ]] || refuses "this machine is in the tailnet already, as $name, without $tag" \
      "give it that tag in the admin console (Machines), or by headscale nodes tag; or: $way"
  done
}

# Tailscale's own has had two names.
adopt_tailnet_server() {
  # shellcheck disable=SC2310 # any failure of it means: not known
  timeout 15 tailscale debug prefs |
    json 'print(d["ControlURL"].rstrip("/").replace("//controlplane.tail", "//login.tail"))' || printf unknown
}

adopt_ask_firewall() {
  local found
  found=$(host_firewall_foreign)
  [[ -z $found ]] || refuses "nft chain $found refuses the mesh" \
    "now and in its file: nft insert rule $found iifname tailscale0 accept; the same for lxc*, cilium_* and for oifname"
  # Of the firewalls only iptables' library has it.
  [[ $(type -t firewall_ufw) == function ]] || return 0
  found=$(firewall_ufw)
  [[ -z $found ]] || refuses 'ufw is enabled: it would shut out the mesh' 'write its rules for iptables, then: ufw disable'
}
