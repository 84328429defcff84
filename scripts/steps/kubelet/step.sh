# shellcheck shell=bash
# kubelet starts after the tailnet at every boot: it reports the node's tailnet address, and another one, a stale one or
# none when that is not on its interface yet. The address itself (--node-ip) is kubeadm's to set, at init or join.

: "${ROOT?}" "${KUBELET_DROP_IN:?}"

readonly KUBELET_DROP_IN_FILE=$ROOT/etc/systemd/system/kubelet.service.d/20-meshstrap.conf

check_kubelet() {
  local state
  file_is "$KUBELET_DROP_IN_FILE" "$KUBELET_DROP_IN"
  state=$(service_state kubelet)
  if [[ $state == *=active* ]]; then
    service_is_current kubelet "$KUBELET_DROP_IN_FILE"
  else
    # No fault here: before kubeadm has run, or after it was cut short, there is no configuration to run with. Whether
    # it runs is for the steps behind kubeadm to ask.
    [[ $state == *=enabled* && $state == *Reload=no* ]]
  fi
}

apply_kubelet() {
  write_file "$KUBELET_DROP_IN_FILE" "$KUBELET_DROP_IN"
  restart_service kubelet
}
