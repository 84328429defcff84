# shellcheck shell=bash
# The kubelet says Ready, and has said so since it started: after a boot the API tells of the time before.

: "${WORK?}" "${NODE_NAME:?}" "${CONTROL_PLANE:?}" "${KUBELET_KUBECONFIG:?}"

check_node_ready() {
  local answer status beat message started
  # With the kubelet's own credentials, which every node has and which may read their own Node.
  answer=$(HOME=$WORK kubectl --kubeconfig "$KUBELET_KUBECONFIG" --request-timeout=15s get "node/$NODE_NAME" --output \
    'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime} {.message}{end}')
  read -r status beat message <<<"${answer//$'\n'/ }"
  started=$(TZ=UTC systemctl show --property=ActiveEnterTimestamp --value kubelet)
  printf '%s\n' "${message:-the kubelet has not reported yet}" >&2
  [[ $status == True ]]
  beat=$(date -d "$beat" +%s)
  started=$(date -d "$started" +%s)
  ((beat >= started))
}

# Nothing to do but wait: Ready needs the network, and that comes from the control plane.
apply_node_ready() {
  await 600 "Ready from the kubelet" \
    "journalctl -u kubelet -n 50; on $CONTROL_PLANE: kubectl --namespace kube-system get pods --output wide" check_node_ready
}
