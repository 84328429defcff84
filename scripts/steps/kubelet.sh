# shellcheck shell=bash
# kubelet starts after the tailnet at every boot: it reports the node's tailnet address, and keeps a stale one when that
# is not on an interface yet. The address itself (--node-ip) is kubeadm's to set, at init or join.

: "${ROOT?}" "${KUBELET_DROP_IN:?}"

readonly KUBELET_DROP_IN_FILE=$ROOT/etc/systemd/system/kubelet.service.d/20-meshstrap.conf

check_kubelet() {
  local stale
  printf '%s\n' "$KUBELET_DROP_IN" | file_is "$KUBELET_DROP_IN_FILE" 644
  if [[ -f $ROOT/etc/kubernetes/kubelet.conf ]]; then
    service_is_current kubelet "$KUBELET_DROP_IN_FILE"
  else
    # Without a configuration it starts and ends in turn, which is no fault before kubeadm has run.
    systemctl is-enabled --quiet kubelet || return 1
    stale=$(systemctl show --property=NeedDaemonReload --value kubelet)
    [[ $stale == no ]]
  fi
}

apply_kubelet() {
  printf '%s\n' "$KUBELET_DROP_IN" | write_file "$KUBELET_DROP_IN_FILE" 644
  restart_service kubelet
}
