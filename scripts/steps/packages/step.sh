# shellcheck shell=bash
# Every package at the version of the plan, in one transaction, and held there. The services that packages start can
# do no harm yet: tailscaled is not logged in, kubelet restarts until kubeadm has configured it.

: "${ROOT?}" "${PACKAGES[*]:?}" "${HELD_PACKAGES[*]:?}" "${KUBERNETES_VERSION:?}"

check_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    package_is_installed "$package"
  done
  for package in "${HELD_PACKAGES[@]}"; do
    package_is_held "$package"
  done
}

apply_packages() {
  packages_keep_minor
  install_packages "${PACKAGES[@]}"
  hold_packages "${HELD_PACKAGES[@]}"
}

# A node that has joined moves to another minor version by kubeadm, control plane first; a kubelet that is ahead of its
# API server is outside of Kubernetes' version skew policy.
packages_keep_minor() {
  local found
  [[ -f $ROOT/etc/kubernetes/kubelet.conf && -x $ROOT/usr/bin/kubelet ]] || return 0
  found=$(kubelet --version)
  [[ ${found#* v} == "${KUBERNETES_VERSION%.*}".* ]] ||
    fail "this node runs $found, the plan says $KUBERNETES_VERSION: nothing was installed" \
      'https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade'
}
