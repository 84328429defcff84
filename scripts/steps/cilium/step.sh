# shellcheck shell=bash
# Cilium's Helm release, and its agent on this node. The agents of other nodes are theirs to report: a worker that is
# switched off must not stop the control plane, as `helm --wait` would let it.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_NAME:?}" "${NODE_ARCH:?}" "${HELM_VERSION:?}" "${HELM_URL:?}"
: "${DOWNGRADE:?}" "${CILIUM_VERSION:?}" "${HELM_SHA256:?}" "${CILIUM_CHART_URL:?}" "${CILIUM_CHART_SHA256:?}" "${CILIUM_VALUES:?}" "${ADMIN_KUBECONFIG:?}"

readonly HELM=$ROOT/opt/meshstrap/helm-$HELM_VERSION
readonly CILIUM_HELM=("$HELM" --kubeconfig "$ADMIN_KUBECONFIG" --namespace kube-system)

check_cilium() {
  cilium_is_released
  cilium_is_ready
}

apply_cilium() {
  local released
  [[ -x $HELM ]] || cilium_fetch_helm
  ask cilium_is_released
  ((ANSWER < 2)) || fail "cannot tell what is released: $LAST_ERROR"
  if ((ANSWER == 1)); then
    # What is released, where that is older: it is upgraded one minor version at a time
    # (https://docs.cilium.io/en/stable/operations/upgrade/).
    released=$(<"$WORK/answer")
    [[ -z $released ]] || ((${CILIUM_VERSION:2:2} < ${released:2:2} + 2)) ||
      fail "Cilium $released is not upgraded to $CILIUM_VERSION at once" 'plan each minor version in between'
    cilium_release
  fi
  await 600 "Cilium on $NODE_NAME" 'kubectl --namespace kube-system get pods' cilium_is_ready
}

# Chart and values, as the release's description: whoever upgrades by hand changes it, and that is drift.
cilium_plan() {
  local sum
  sum=$(printf '%s\n' "$CILIUM_CHART_SHA256" "$CILIUM_VALUES" | sha256sum)
  printf 'meshstrap %s\n' "${sum:0:16}"
}

cilium_is_released() {
  local answer code plan
  [[ -x $HELM ]]
  plan=$(cilium_plan)
  set +e
  answer=$(HOME=$WORK "${CILIUM_HELM[@]}" status cilium --output json 2>&1)
  code=$?
  set -e
  [[ $answer != *'release: not found'* ]]
  ((code == 0)) || cannot_tell "$answer"
  [[ $answer != *"\"description\":\"$plan\""* || $answer != *'"status":"deployed"'* ]] || return 0
  # A newer chart is somebody's upgrade.
  [[ $DOWNGRADE == false ]]
  answer=$(HOME=$WORK "${CILIUM_HELM[@]}" get metadata cilium --output json) || exit 3
  [[ $answer =~ \"version\":\"([^\"]+) && ${BASH_REMATCH[1]} != "$CILIUM_VERSION" ]]
  echo "${BASH_REMATCH[1]}"
  sort -CV <<<"$CILIUM_VERSION"$'\n'"${BASH_REMATCH[1]}"
  printf ' %s' "cilium-${BASH_REMATCH[1]}" >"$WORK/newer"
}

cilium_release() {
  local plan
  plan=$(cilium_plan)
  download "$CILIUM_CHART_URL" "$CILIUM_CHART_SHA256" "$ROOT/var/lib/meshstrap/cilium.tgz"
  write_file "$WORK/cilium-values.yaml" "$CILIUM_VALUES" 600
  # A killed run leaves a record that says Helm is still at work, and Helm then refuses to. Only that record goes:
  # rolling back or uninstalling would take the network down, while an upgrade adopts what the killed run has made.
  kube delete secrets --namespace kube-system \
    --selector 'owner=helm,name=cilium,status in (pending-install,pending-upgrade,pending-rollback)' >&2
  # The plan wins over what people have changed in the chart's objects, which Helm would refuse as a conflict for ever.
  ask cilium_by_hand
  [[ ! -s $WORK/answer ]] || log change 'undoes what was changed by hand in the chart, as shown here'
  cat "$WORK/answer" >&2
  HOME=$WORK retry 1 0 "${CILIUM_HELM[@]}" upgrade --install --force-conflicts cilium \
    "$ROOT/var/lib/meshstrap/cilium.tgz" --values "$WORK/cilium-values.yaml" --description "$plan" --history-max 3 >&2
}

# Secrets are masked by kubectl.
cilium_by_hand() {
  HOME=$WORK "${CILIUM_HELM[@]}" get manifest cilium >"$WORK/manifest"
  kube diff --server-side --force-conflicts --field-manager=meshstrap --filename "$WORK/manifest"
}

# The file's name carries the version, and the file appears whole: that it is there is all there is to check.
cilium_fetch_helm() {
  local archive=$ROOT/var/lib/meshstrap/helm.tar.gz
  download "$HELM_URL" "$HELM_SHA256" "$archive"
  mkdir -p "${HELM%/*}"
  tar -xzf "$archive" -O "linux-$NODE_ARCH/helm" >"$HELM.new"
  chmod 755 "$HELM.new"
  sync "$HELM.new"
  rm -f "$ROOT"/opt/meshstrap/helm-*[0-9] "$archive"
  mv "$HELM.new" "$HELM"
}

# An operator, and on this node one agent of the newest template that is ready and has started since the machine did:
# after a boot the API tells of the pods from before, until the kubelet has had its say.
cilium_is_ready() {
  local answer here agent newest template ready since operators why boot
  here='.items[?(@.spec.nodeName=="'$NODE_NAME'")]'
  agent="$here.status.containerStatuses[?(@.name==\"cilium-agent\")]"
  answer=$(kube get daemonsets,deployments,pods --namespace kube-system --selector app.kubernetes.io/part-of=cilium \
    --output "jsonpath={.items[?(@.metadata.name==\"cilium\")].metadata.annotations.deprecated\.daemonset\.template\.generation}\
|{$here.metadata.labels.pod-template-generation}|{$agent.ready}|{$agent.state.running.startedAt}\
|{.items[?(@.metadata.name==\"cilium-operator\")].status.availableReplicas}\
|{$here.status.initContainerStatuses[*].state.waiting.reason} {$here.status.containerStatuses[*].state.waiting.reason}")
  IFS='|' read -r newest template ready since operators why <<<"$answer"
  printf 'agent %s, %s operators %s\n' "${ready:-absent}" "${operators:-no}" "$why" >&2
  [[ $template == "$newest" && $ready == true && -n $operators ]]
  since=$(date -d "$since" +%s)
  boot=$(sed -n 's/^btime //p' /proc/stat)
  ((since >= boot))
}
