# shellcheck shell=bash
# containerd as kubelet needs it: systemd cgroups, the pinned pause image, registry mirrors. The package's own
# configuration disables the CRI plugin, so the file is ours as a whole.

: "${ROOT?}" "${CONTAINERD_CONFIG:?}" "${CRICTL_CONFIG:?}" "${REGISTRY_NAMES[*]-}" "${REGISTRY_HOSTS[*]-}"

readonly CONTAINERD_CONFIG_FILE=$ROOT/etc/containerd/config.toml
readonly CRICTL_CONFIG_FILE=$ROOT/etc/crictl.yaml
readonly REGISTRY_FOLDER=$ROOT/etc/containerd/certs.d

check_containerd() {
  local i
  containerd_answers
  file_is "$CONTAINERD_CONFIG_FILE" "$CONTAINERD_CONFIG"
  # conf.d is for people: our file imports it.
  shopt -s nullglob
  service_is_current containerd "$CONTAINERD_CONFIG_FILE" "${CONTAINERD_CONFIG_FILE%/*}"/conf.d/*.toml
  file_is "$CRICTL_CONFIG_FILE" "$CRICTL_CONFIG"
  for i in "${!REGISTRY_NAMES[@]}"; do
    file_is "$REGISTRY_FOLDER/${REGISTRY_NAMES[i]}/hosts.toml" "${REGISTRY_HOSTS[i]}"
  done
}

apply_containerd() {
  local i
  # Read anew at every pull, so no restart is needed for them.
  for i in "${!REGISTRY_NAMES[@]}"; do
    write_file "$REGISTRY_FOLDER/${REGISTRY_NAMES[i]}/hosts.toml" "${REGISTRY_HOSTS[i]}"
  done
  write_file "$CRICTL_CONFIG_FILE" "$CRICTL_CONFIG"
  write_file "$CONTAINERD_CONFIG_FILE" "$CONTAINERD_CONFIG"
  # Containers live on while containerd restarts.
  restart_service containerd
  await 60 'containerd to answer' 'journalctl -u containerd -n 50' containerd_answers
}

containerd_answers() {
  crictl --config "$CRICTL_CONFIG_FILE" --timeout 10s version >/dev/null
}
