# shellcheck shell=bash
# What a machine that runs already must not have to become a node. All of it is asked before anything is changed, and
# each finding is kept with its way out, so that a person sees them all at once. Of a machine that is this node already
# nothing of it is asked: what runs there is the node's own. This never travels in user-data.

: "${ROOT?}" "${ANSWER:?}" "${NODE_NAME:?}" "${NODE_ROLE:?}" "${CLUSTER_NAME:?}" "${STEPS[*]:?}" "${LOGIN_USER:?}"
: "${MINIMUM_DISK_GIB:?}" "${LEAST_FREE_PERCENT:?}" "${BLOCK_DEVICE?}"

readonly ADOPT_SCRIPT=$ROOT/opt/meshstrap/bootstrap.sh
readonly ADOPT_UNIT=$ROOT/etc/systemd/system/meshstrap.service
# What is found, and what a person can do: two words each.
REFUSALS=()
# Whether this machine is the node already.
ADOPT_KNOWN=false

refuses() { # <what is in the way, and why> <what a person can do>
  REFUSALS+=("$1" "$2")
}

adopt_ask_all() {
  adopt_ask_tools
  ((${#REFUSALS[@]} == 0)) || return 0
  adopt_ask_node
  [[ $ADOPT_KNOWN == false && ${#REFUSALS[@]} == 0 ]] || return 0
  adopt_ask_machine
  adopt_ask_user
  adopt_ask_room
  adopt_ask_kubernetes
  adopt_ask_containers
  adopt_ask_packages
  adopt_ask_sources
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

# Owners remove the image's user when they have made their own.
adopt_ask_user() {
  [[ $NODE_ROLE == control-plane ]] || return 0
  ask getent passwd "$LOGIN_USER"
  ((ANSWER == 0)) || refuses "there is no user $LOGIN_USER here, for whom kubectl is set up" 'name yours: login_user of this node in cluster.yaml'
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
