# shellcheck shell=bash
# containerd as kubelet needs it: systemd cgroups, the pinned pause image. The package's own
# configuration disables the CRI plugin, so the file is ours as a whole.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${CONTAINERD_CONFIG:?}" "${CRICTL_CONFIG:?}"
: "${NODE_ROLE:?}" "${KUBERNETES_VERSION:?}" "${SANDBOX_IMAGE:?}" "${CILIUM_AGENT_IMAGE:?}" "${CILIUM_OPERATOR_IMAGE:?}"

readonly CONTAINERD_CONFIG_FILE=$ROOT/etc/containerd/config.toml

check_containerd() {
  containerd_answers
  containerd_is_current
  file_is "$ROOT/etc/crictl.yaml" "$CRICTL_CONFIG"
}

apply_containerd() {
  local stale
  # Asked before the file is written: containerd may have been started within the same second. Containers live on while it
  # restarts; but one that is busy is waited for, and not restarted in the midst of it.
  ask containerd_is_current
  stale=$ANSWER
  write_file "$ROOT/etc/crictl.yaml" "$CRICTL_CONFIG"
  write_file "$CONTAINERD_CONFIG_FILE" "$CONTAINERD_CONFIG"
  ((stale != 1)) || restart_service containerd
  await 60 'containerd to answer' 'journalctl -u containerd -n 50; systemctl restart containerd' containerd_answers
  containerd_fetch_images
}

# What will run here for certain is fetched while this node still waits for the tailnet and for others. Nobody waits for
# it, and what it cannot get the kubelet asks for again; so it is a unit of its own, and its failure is none of ours.
containerd_fetch_images() {
  local images=$SANDBOX_IMAGE
  if [[ $NODE_ROLE == control-plane ]]; then
    ask kubeadm config images list --kubernetes-version "v$KUBERNETES_VERSION"
    # Cilium does kube-proxy's work.
    images="$(sed '/kube-proxy/d' "$WORK/answer") $CILIUM_OPERATOR_IMAGE"
  fi
  # shellcheck disable=SC2016 # the unit's own shell expands it
  # shellcheck disable=SC2086 # a name of an image has no spaces
  ask systemd-run --quiet --collect --unit=meshstrap-images -- \
    /bin/sh -c 'for image; do crictl pull "$image"; done; true' sh $images "$CILIUM_AGENT_IMAGE"
}

# conf.d is for people: our file imports it.
containerd_is_current() {
  file_is "$CONTAINERD_CONFIG_FILE" "$CONTAINERD_CONFIG"
  shopt -s nullglob
  service_is_current containerd "$CONTAINERD_CONFIG_FILE" "${CONTAINERD_CONFIG_FILE%/*}"/conf.d/*.toml
}

containerd_answers() {
  crictl version >/dev/null
}
