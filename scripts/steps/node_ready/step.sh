# shellcheck shell=bash
# The kubelet says Ready, and has said so since it started: after a boot the API tells of the time before. Nor does Ready
# say that pods have a network then: Cilium's file for the kubelet outlives the boot, its agent's socket does not.

: "${ROOT?}" "${WORK?}" "${NODE_NAME:?}" "${CONTROL_PLANE:?}" "${KUBELET_KUBECONFIG:?}" "${KUBERNETES:?}" "${KEY_FOLDER:?}"

check_node_ready() {
  local answer status beat message state started
  # With the kubelet's own credentials, which every node has and which may read their own Node.
  answer=$(HOME=$WORK kubectl --kubeconfig "$KUBELET_KUBECONFIG" --request-timeout=15s get "node/$NODE_NAME" --output \
    'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime} {.message}{end}')
  read -r status beat message <<<"${answer//$'\n'/ }"
  [[ $status == True ]] || no "${message:-the kubelet has not reported yet}"
  beat=$(date -d "$beat" +%s)
  state=$(service_state kubelet)
  started=$(service_started "$state")
  ((beat >= started)) || no 'the kubelet has not reported yet'
  curl --fail --silent --max-time 10 --output /dev/null --unix-socket "$ROOT/run/cilium/cilium.sock" \
    http://cilium/v1/healthz || no "Cilium's agent does not answer yet"
}

# What ends when, of all that this node has: certificates, signing keys and the node's key in the tailnet. Hubble's
# certificate verify asks for. What cannot be asked now is not listed.
facts_node_ready() {
  local what end
  while read -r what end; do
    [[ -z $end ]] || fact "ends $what" "$(date -ud "${end#*=}" +%FT%TZ)"
  done 2>/dev/null < <(
    for what in "$KUBERNETES"/pki/{,etcd/}*.crt "$ROOT"/var/lib/kubelet/pki/*t{.crt,.pem} "$KEY_FOLDER"/meshstrap-*; do
      echo "$what $(openssl x509 -in "$what" -noout -enddate || gpg --homedir "$WORK" --no-autostart --batch --quiet \
        --show-keys "$what" | sed -n 's/^pub.*: \(.*\)]/\1/p')"
    done
    tailnet_says '"node-key", d["Self"].get("KeyExpiry", "")'
  )
}

# Nothing to do but wait: Ready needs the network, and that comes from the control plane.
apply_node_ready() {
  await 600 "Ready from the kubelet" \
    "journalctl -u kubelet -n 50; on $CONTROL_PLANE: kubectl --namespace kube-system get pods" check_node_ready
}
