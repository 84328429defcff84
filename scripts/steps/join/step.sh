# shellcheck shell=bash
# A worker: the API's name leads to the control plane, wherever that is in the tailnet, and the kubelet has joined.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_NAME:?}" "${API_PORT:?}" "${CONTROL_PLANE:?}" "${KUBEADM_CONFIG:?}" "${TAILNET_TAGS[*]-}"
: "${KUBERNETES_VERSION:?}" "${KUBELET_PATCH?}" "${KUBERNETES:?}" "${KUBELET_KUBECONFIG:?}" "${HOSTS_FILE:?}"

readonly BOOTSTRAP_TOKEN_FILE=$ROOT/etc/meshstrap/secrets/bootstrap_token
readonly BOOTSTRAP_KUBECONFIG=$KUBERNETES/bootstrap-kubelet.conf
readonly JOIN_NEW_TOKEN="on $CONTROL_PLANE: sudo kubeadm token create --ttl 2h; here: \
sudo sh -c 'umask 077; cat >/etc/meshstrap/secrets/bootstrap_token', paste what it printed, Enter, Ctrl-D"

check_join() {
  local address
  [[ -s $KUBELET_KUBECONFIG ]]
  join_certificate_lasts
  join_kubelet_runs
  address=$(join_control_plane)
  is_edited "$HOSTS_FILE" api_alias "$address"
  [[ ! -e $BOOTSTRAP_KUBECONFIG && ! -e $BOOTSTRAP_TOKEN_FILE ]]
}

apply_join() {
  local address
  await 600 "control plane $CONTROL_PLANE in the tailnet" \
    "create $CONTROL_PLANE with its user-data; this node then goes on by itself. If it is there, the tailnet's policy must show \
it to this node, and a tailnet lock must have signed both" join_control_plane
  address=$(<"$WORK/answer")
  edit_file "$HOSTS_FILE" api_alias "$address"
  if [[ ! -s $KUBELET_KUBECONFIG ]]; then
    join_cluster "$address"
  fi
  ask join_certificate_lasts
  ((ANSWER == 0)) || waiting "$LAST_ERROR" "here: sudo rm $KUBELET_KUBECONFIG; $JOIN_NEW_TOKEN"
  rm -f "$BOOTSTRAP_KUBECONFIG" "$BOOTSTRAP_TOKEN_FILE"
  retry 1 0 systemctl start --no-block kubelet
  await 60 'running kubelet' 'journalctl -u kubelet -n 50' join_kubelet_runs
}

# The kubelet renews it while it runs. One that has been off until it ended neither starts nor says what to do.
join_certificate_lasts() {
  local end
  end=$(openssl x509 -in "$ROOT/var/lib/kubelet/pki/kubelet-client-current.pem" -noout -checkend 0) || true
  [[ $end != *'will expire' ]] || no "the kubelet's certificate has ended: this node was off for too long, and has to join again"
}

join_kubelet_runs() {
  local state
  state=$(service_state kubelet)
  [[ $state == *=active* ]]
}

# The control plane's address: of the machine with its name and our tag. One that is shared in has another suffix. A second
# one of that name gets a DNS name with -1 behind it while its HostName stays: it is one to ask about once the first is offline,
# since a new machine stands beside the old one like that.
join_control_plane() {
  local status found
  status=$(timeout 15 tailscale status --json) || no 'tailscaled does not answer'
  found=$(json 'name = lambda p: (p["DNSName"] or p["HostName"]).lower().rstrip(".").partition(".")
wanted, *tags = sys.argv[1:]
found = [], []
for p in (d["Peer"] or {}).values():
  label, _, suffix = name(p)
  ours = suffix == name(d["Self"])[2] and (not tags or {*tags} & {*(p.get("Tags") or ())})
  if ours and wanted in (label, p["HostName"].lower()):
    found[p["Online"] and label == wanted].append(next(a for a in p["TailscaleIPs"] if "." in a))
print(*found[1] or found[0])' "$CONTROL_PLANE" "${TAILNET_TAGS[@]}" <<<"$status")
  [[ -n $found ]] || no "no machine named $CONTROL_PLANE ${TAILNET_TAGS[*]:+with ${TAILNET_TAGS[*]} }in the tailnet: $(tailnet_health)"
  [[ $found != *' '* ]] || no "several machines are called $CONTROL_PLANE: $found; delete what is not it"
  printf '%s\n' "$found"
}

join_cluster() { # <address of the control plane>
  local token='' own config
  [[ ! -e $BOOTSTRAP_TOKEN_FILE ]] || token=$(<"$BOOTSTRAP_TOKEN_FILE")
  # kubeadm would print a malformed token with its complaint.
  [[ $token =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ ]] || waiting 'this node has no bootstrap token' "$JOIN_NEW_TOKEN"
  await 600 "API server of $CONTROL_PLANE at $1:$API_PORT" "on $CONTROL_PLANE: sudo /opt/meshstrap/bootstrap.sh --status" \
    api_answers "$1"
  await 120 "signature for bootstrap token ${token%.*} (expired, or of another cluster?)" "$JOIN_NEW_TOKEN" \
    join_token_is_known "$1" "${token%.*}"
  join_is_not_ahead "$1"
  own=$(tailnet_address)
  config=$(fill_tailnet_address "${KUBEADM_CONFIG//__BOOTSTRAP_TOKEN__/"$token"}" "$own")
  # Of a join that was cut short the kubelet may still be at it, and finish it.
  systemctl stop kubelet
  [[ ! -s $KUBELET_KUBECONFIG ]] || return 0
  # What such a join leaves behind (kubeadm's preflight refuses it), and what a power cut leaves of the kubelet's own.
  rm -f "$BOOTSTRAP_KUBECONFIG" "$KUBERNETES/pki/ca.crt" "$KUBELET_KUBECONFIG"
  write_kubeadm_config "$config" "$KUBELET_PATCH"
  join_run_kubeadm
  rm -f "$WORK/kubeadm.yaml"
  sync
}

join_run_kubeadm() {
  ask_kubeadm join --config "$WORK/kubeadm.yaml"
  [[ $LAST_ERROR != *'already exists in the cluster'* ]] || waiting "$LAST_ERROR" \
    "if the old machine $NODE_NAME is gone, on $CONTROL_PLANE: kubectl delete node $NODE_NAME; else rename this one"
  ((ANSWER == 0)) || fail "kubeadm join: ${LAST_ERROR:-exit $ANSWER}"
}

# Kubernetes supports no kubelet that is ahead of its API server; of one minor version kubeadm says nothing (1.36,
# preflight/checks.go). Who is not told the version lets kubeadm decide.
join_is_not_ahead() { # <address of the control plane>
  local theirs
  ask curl --fail --silent --show-error --insecure --max-time 5 "https://$1:$API_PORT/version"
  theirs=$(sed -n 's/.*"gitVersion": *"v\([0-9.]*\).*/\1/p' "$WORK/answer")
  sort -CV <<<"${KUBERNETES_VERSION%.*}"$'\n'"${theirs:-$KUBERNETES_VERSION}" ||
    fail "this node has Kubernetes $KUBERNETES_VERSION, and the cluster only $theirs: it does not join" \
      "upgrade $CONTROL_PLANE first, or plan kubernetes_version: $theirs, render, and give this node its bootstrap.sh"
}

# Asked before kubeadm is, which would wait for it and leave files behind. The answer is public, and signed with the
# token: kubeadm holds it to that.
join_token_is_known() { # <address of the control plane> <token id>
  local answer
  answer=$(curl --fail --silent --show-error --insecure --max-time 5 \
    "https://$1:$API_PORT/api/v1/namespaces/kube-public/configmaps/cluster-info") || return 1
  [[ $answer == *"\"jws-kubeconfig-$2\""* ]]
}
