# shellcheck shell=bash
# kubelet starts after the tailnet at every boot: it reports the node's tailnet address, and another one, a stale one or
# none when that is not on its interface yet. The address itself (--node-ip) is kubeadm's to set, at init or join.

: "${ROOT?}" "${KUBELET_DROP_IN:?}"

readonly KUBELET_DROP_IN_FILE=$ROOT/etc/systemd/system/kubelet.service.d/20-meshstrap.conf

# Whether it runs is for the steps behind kubeadm to ask: before kubeadm has run, or after it was cut short, it has no
# configuration to run with, and starts and ends every ten seconds. So it is asked once, and may be at either.
check_kubelet() {
  local state
  file_is "$KUBELET_DROP_IN_FILE" "$KUBELET_DROP_IN"
  state=$(service_state kubelet)
  service_has_read "$state" "$KUBELET_DROP_IN_FILE"
}

apply_kubelet() {
  write_file "$KUBELET_DROP_IN_FILE" "$KUBELET_DROP_IN"
  restart_service kubelet
}
