# shellcheck shell=bash
# What a machine that runs already must not have to become a node. All of it is asked before anything is changed, and
# each finding is kept with its way out, so that a person sees them all at once. Of a machine that is this node already
# nothing of it is asked: what runs there is the node's own. This never travels in user-data.

: "${ROOT?}" "${ANSWER:?}" "${NODE_NAME:?}" "${NODE_ROLE:?}" "${CLUSTER_NAME:?}" "${STEPS[*]:?}" "${API_PORT:?}"
: "${MINIMUM_DISK_GIB:?}" "${LEAST_FREE_PERCENT:?}" "${POD_SUBNET:?}" "${SERVICE_SUBNET:?}" "${TAILNET_SUBNET:?}"
: "${LOGIN_SERVER?}" "${TAILNET_TAGS[*]-}" "${REPOSITORY_FILES[*]:?}" "${BLOCK_DEVICE?}"

readonly ADOPT_SCRIPT=$ROOT/opt/meshstrap/bootstrap.sh
readonly ADOPT_UNIT=$ROOT/etc/systemd/system/meshstrap.service
# What is found, and what a person can do: two words each.
REFUSALS=()
# Whether this machine is the node already.
ADOPT_KNOWN=false

# Name, what shows that it is or was here, and how it goes away.
readonly ADOPT_KUBERNETES="K3s|/var/lib/rancher/k3s|k3s-uninstall.sh or k3s-agent-uninstall.sh
RKE2|/var/lib/rancher/rke2|rke2-uninstall.sh
k0s|/var/lib/k0s|k0s stop; k0s reset
MicroK8s|/var/snap/microk8s|snap remove --purge microk8s
Canonical Kubernetes|/var/snap/k8s|snap remove --purge k8s"

refuses() { # <what is in the way, and why> <what a person can do>
  REFUSALS+=("$1" "$2")
}

adopt_ask_all() {
  adopt_ask_tools
  ((${#REFUSALS[@]} == 0)) || return 0
  adopt_ask_node
  [[ $ADOPT_KNOWN == false && ${#REFUSALS[@]} == 0 ]] || return 0
  adopt_ask_machine
  adopt_ask_room
  adopt_ask_kubernetes
  adopt_ask_containers
  adopt_ask_packages
  adopt_ask_ports
  adopt_ask_networks
  adopt_ask_tailnet
  adopt_ask_firewall
  adopt_ask_volume
}

# What the questions below and the node's unit need; it is there wherever cloud-init is.
adopt_ask_tools() {
  local tools=(python3 ss ip awk systemctl) tool
  [[ -d $ROOT/run/systemd/system ]] || refuses 'no systemd runs here, and the node is a unit of it' 'take another machine'
  for tool in "${tools[@]}"; do
    hash "$tool" 2>/dev/null || refuses "there is no $tool here" "install the package that has it: python3, iproute2"
  done
}

# The unit's first line has the name of whose it is.
adopt_ask_node() {
  local found
  [[ -f $ADOPT_UNIT ]] || return 0
  found=$(sed -n 's/^Description=meshstrap: node //p' "$ADOPT_UNIT")
  if [[ $found != "$NODE_NAME of $CLUSTER_NAME" ]]; then
    refuses "this machine is the node $found already" 'take that node away first (README, Day 2), and build this machine anew'
    return 0
  fi
  ADOPT_KNOWN=true
  [[ -f $ADOPT_SCRIPT ]] || return 0
  found=$(sed -n 's/^readonly NODE_ROLE=//p' "$ADOPT_SCRIPT")
  [[ $found == "$NODE_ROLE" ]] ||
    refuses "this machine is $NODE_NAME already, as a $found: a $NODE_ROLE is another machine" 'build this machine anew'
}

# The clock, which is asked last, is waited for by its step.
adopt_ask_machine() {
  local found
  found=$(machine_problems)
  found=${found%'; clock:'*}
  [[ -z $found ]] || refuses "${found#; }" 'correct the machine or cluster.yaml, or waive by name in waive_machine'
}

# Not the size, but what others have left. Memory: what a node of each role was measured to take, rounded up
# (docs/costs.md). The disk: what the plan asks of a whole one less the 6 GiB of its system, and what the kubelet wants to
# be left free. What is in swap has to come back into memory.
adopt_ask_room() {
  local found free swapped size need=600
  [[ $NODE_ROLE != control-plane ]] || need=1400
  found=$(awk '{ kib[$1] = $2 } END { print int(kib["MemAvailable:"] / 1024), int((kib["SwapTotal:"] - kib["SwapFree:"]) / 1024) }' \
    "$ROOT/proc/meminfo")
  read -r free swapped <<<"$found"
  found=$(machine_has memory $((free - swapped)) "$need" "MiB free once $swapped MiB of swap are back in memory")
  [[ -z $found ]] || refuses "${found#; }" 'stop what takes it, or waive memory in waive_machine'
  found=$(df --block-size=1M --output=avail,size "$ROOT/" | tail -n 1)
  read -r free size <<<"$found"
  found=$(machine_has disk $((free / 1024)) $((MINIMUM_DISK_GIB - 6)) 'GiB free on the root disk')
  [[ -n $found || " ${STEPS[*]} " == *' block_volume '* ]] ||
    found=$(machine_has disk $((100 * free / size)) "$LEAST_FREE_PERCENT" '% free on the root disk')
  [[ -z $found ]] || refuses "${found#; }" 'make room, or waive disk in waive_machine; the kubelet evicts pods when it is low'
}

# Those of the paths that are there, and no empty folder.
adopt_found() { # <path>...
  local found
  found=$(find "${@/#/$ROOT}" -maxdepth 0 ! '(' -type d -empty ')' 2>/dev/null) || true
  printf '%s' "${found//$'\n'/, }"
}

adopt_ask_kubernetes() {
  local name path way found
  local -a own=(/etc/kubernetes/{admin,kubelet}.conf /etc/kubernetes/manifests /var/lib/kubelet/{config.yaml,pki})
  while IFS='|' read -r name path way; do
    found=$(adopt_found "$path")
    [[ -z $found ]] || refuses "$name is here ($found): a machine carries one Kubernetes" \
      "take another machine, or, if nothing of it is needed any more: $way"
  done <<<"$ADOPT_KUBERNETES"
  # Only a control plane has an etcd.
  [[ $NODE_ROLE != control-plane ]] || own+=(/var/lib/etcd)
  found=$(adopt_found "${own[@]}")
  [[ -z $found ]] || refuses "another cluster has been here: $found" \
    'take another machine, or, if nothing of it is needed any more: kubeadm reset, and move away what it leaves'
}

# Docker's own containerd is the very one that the node configures, restarts, and puts onto its data volume.
adopt_ask_containers() {
  local found
  if systemctl is-active --quiet docker.service docker.socket 2>/dev/null ||
    systemctl is-enabled --quiet docker.service 2>/dev/null; then
    refuses 'Docker runs here: its containerd becomes the node'"'"'s, with another configuration and other versions' \
      'move its containers away (into the cluster, later), then: systemctl disable --now docker.socket docker'
  fi
  found=$(find "$ROOT/var/lib/containerd/io.containerd.content.v1.content/blobs" -type f -print -quit 2>/dev/null) || true
  [[ -z $found ]] || refuses "somebody's images and containers are in /var/lib/containerd" \
    'ctr namespaces list says whose; when they are not needed: systemctl stop containerd; mv /var/lib/containerd{,.old}'
  # Cilium renames what is not its own there, so that no other plugin starts the pods.
  found=$(find "$ROOT/etc/cni/net.d" -type f ! -name '*cilium*' 2>/dev/null) || true
  [[ -z $found ]] || refuses "another network for containers is configured: ${found//$'\n'/, }; Cilium would switch it off" \
    'move it away, if nothing needs it'
}

adopt_ask_packages() {
  local package found=''
  for package in containerd runc; do
    ask package_is_installed "$package"
    ((ANSWER != 0)) || found+=" $package"
  done
  [[ -z $found ]] || refuses "the distribution's$found would have to go for containerd.io, and what needs it, too" \
    "remove it: apt-get or dnf remove$found"
  for package in "${REPOSITORY_FILES[@]}"; do
    found=$(package_foreign_source "$package")
    [[ -z $found ]] || refuses "${found//$'\n'/, } names a repository of the plan, too: apt would refuse both" \
      'move it out of /etc/apt: the node writes its own'
  done
}

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

adopt_ask_volume() {
  # Its step has found the link, where the node has one.
  local found link=${BLOCK_LINK:-}
  [[ -n $link && -e $link ]] || return 0
  found=$(block_probe)
  [[ $found != *$'\nLABEL=meshstrap\n'* ]] || return 0
  found+=$(wipefs --no-act --noheadings --output TYPE,LABEL "$link")
  [[ -z $found ]] || refuses "$BLOCK_DEVICE is not blank, nor labelled meshstrap: nothing would be written to it" \
    "wipefs --no-act $BLOCK_DEVICE shows what is on it"
}
