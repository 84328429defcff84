# shellcheck shell=bash
# This node's share of the pod subnet is a route of the tailnet. Which share it is, Kubernetes decides when the node
# joins. The coordination server has to approve the route; a policy that does so by itself is what `invoke policy` writes.

: "${WORK?}" "${NODE_NAME:?}" "${CONTROL_PLANE:?}" "${POD_SUBNET:?}" "${KUBELET_KUBECONFIG:?}"

check_pod_routes() {
  local subnet
  pod_routes_are_all_that_is_used
  subnet=$(pod_routes_own)
  pod_routes_advertises "$subnet"
  pod_routes_is_approved "$subnet"
}

apply_pod_routes() {
  local subnet
  restart_service meshstrap-mesh-rule.service
  await 600 "pod subnet of $NODE_NAME" "on $CONTROL_PLANE: kubectl describe node $NODE_NAME" pod_routes_own
  subnet=$(<"$WORK/answer")
  pod_routes_keeps_clear "$subnet"
  # Without a source address of the node's own: pods see each other's.
  retry 3 5 tailscale set --advertise-routes="$subnet" --accept-routes --snat-subnet-routes=false
  await 60 "approval of the route $subnet" \
    "approve it where the tailnet is administrated, or give that the policy of: invoke policy" pod_routes_is_approved "$subnet"
}

# mesh_guards has made these rules; they are lost with anything that flushes rules or routes.
pod_routes_are_all_that_is_used() {
  local rules routes
  rules=$(ip -4 rule show)
  [[ $rules == *"to $POD_SUBNET lookup 52"*' goto '* ]] || no 'the rules for pod addresses are not there'
  routes=$(ip -4 route show type unreachable)
  [[ $routes == *"unreachable $POD_SUBNET "* ]] || no 'nothing keeps pod addresses from the network card'
}

# With the kubelet's own credentials, which every node has and which may read their own Node.
pod_routes_own() {
  local subnet
  subnet=$(HOME=$WORK kubectl --kubeconfig "$KUBELET_KUBECONFIG" --request-timeout=15s get "node/$NODE_NAME" --output \
    'jsonpath={.spec.podCIDR}')
  [[ -n $subnet ]] || no 'Kubernetes has given it none yet'
  printf '%s\n' "$subnet"
}

pod_routes_advertises() { # <subnet>
  timeout 15 tailscale debug prefs | json '(d["AdvertiseRoutes"] == sys.argv[1:] and d["RouteAll"] and d["NoSNAT"]
    or sys.exit("this node does not advertise " + sys.argv[1] + ", or accepts no routes"))' "$1"
}

# A server may serve the route and never tell this node so (Headscale 0.29.2, November 2026). Then the other nodes know: one
# whose kubelet answers to an address of this node's pods has the route.
pod_routes_is_approved() { # <subnet>
  local served address peer
  served=$(tailnet_says 'd["Self"]["AllowedIPs"]')
  [[ $served != *"'$1'"* ]] || return 0
  address=$(ip -4 -oneline address show | sed -n 's/.* cilium_host *inet \(.*\)\/.*/\1/p')
  for peer in ${address:+$(timeout 15 tailscale status | sed '/offline/d; s/ .*//')}; do
    if curl --silent --insecure --max-time 2 --interface "$address" --output /dev/null "https://$peer:10250"; then
      return 0
    fi
  done
  no "$1 is advertised, and not approved"
}

# Whatever the inventory did not know of: a network of this machine that these addresses belong to.
pod_routes_keeps_clear() { # <subnet>
  local routes
  routes=$(ip -4 route show root "$1"; ip -4 route show match "$1")
  routes=$(sed '/^default\|^unreachable\| dev \(cilium\|lxc\|tailscale\)/d' <<<"$routes")
  [[ -z ${routes// /} ]] || fail "this machine has the pod subnet $1 elsewhere, too: ${routes%%$'\n'*}" \
    'choose another cluster.pod_subnet, before the cluster is made'
}
