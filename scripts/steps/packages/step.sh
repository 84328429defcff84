# shellcheck shell=bash
# Every package at the version of the plan, in one transaction, and held there. The services that packages start can
# do no harm yet: tailscaled is not logged in, kubelet restarts until kubeadm has configured it.

: "${ROOT?}" "${WORK?}" "${DOWNGRADE:?}" "${PACKAGES[*]:?}" "${HELD_PACKAGES[*]:?}" "${KUBERNETES_VERSION:?}"

check_packages() {
  local package
  packages_planned
  for package in "${PLANNED[@]}"; do
    package_is_installed "$package"
  done
  for package in "${HELD_PACKAGES[@]}"; do
    package_is_held "$package"
  done
}

apply_packages() {
  packages_planned
  packages_keep_minor
  write_tailscaled_drop_in
  install_packages "${PLANNED[@]}"
  hold_packages "${HELD_PACKAGES[@]}"
}

# PACKAGES, but what a person has upgraded on a node that has joined stays.
packages_planned() {
  local package found
  PLANNED=()
  : >"$WORK/newer"
  for package in "${PACKAGES[@]}"; do
    found=
    [[ $DOWNGRADE == true || $package != *[-=][0-9]* || ! -f $ROOT/etc/kubernetes/kubelet.conf ]] ||
      found=$(package_version "${package%%[-=][0-9]*}")
    # shellcheck disable=SC2053 # the version is a pattern
    if [[ $found != $package ]] && sort -CV <<<"${package%-\*}"$'\n'"$found"; then
      package=$found
      printf ' %s' "$found" >>"$WORK/newer"
    fi
    PLANNED+=("$package")
  done
}

# A node that has joined moves to another minor version by kubeadm, control plane first; a kubelet that is ahead of its
# API server is outside of Kubernetes' version skew policy.
packages_keep_minor() {
  local found
  [[ -f $ROOT/etc/kubernetes/kubelet.conf && -x $ROOT/usr/bin/kubelet ]] || return 0
  found=$(kubelet --version)
  found=${found%.*}
  [[ " ${PLANNED[*]}" == *' kubelet'[-=]"${found#* v}".* ]] ||
    fail "this node runs $found, the plan says $KUBERNETES_VERSION: nothing was installed" \
      'https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade'
}
