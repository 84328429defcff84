# shellcheck shell=bash
# Where containerd gets images from instead of the registries that their names begin with. It reads these files at each pull.

: "${ROOT?}" "${REGISTRY_NAMES[*]:?}" "${REGISTRY_HOSTS[*]:?}"

check_registry_mirrors() {
  local i
  for i in "${!REGISTRY_NAMES[@]}"; do
    file_is "$ROOT/etc/containerd/certs.d/${REGISTRY_NAMES[i]}/hosts.toml" "${REGISTRY_HOSTS[i]}"
  done
}

apply_registry_mirrors() {
  local i
  for i in "${!REGISTRY_NAMES[@]}"; do
    write_file "$ROOT/etc/containerd/certs.d/${REGISTRY_NAMES[i]}/hosts.toml" "${REGISTRY_HOSTS[i]}"
  done
}
