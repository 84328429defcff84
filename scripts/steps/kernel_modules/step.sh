# shellcheck shell=bash
# Kernel modules: those that are loaded now and at every boot, and those that Cilium's and Tailscale's rules load when
# they are made. Some images keep the latter in a package of their own, which has to fit the kernel that runs.

: "${ROOT?}" "${ANSWER:?}" "${LAST_ERROR?}" "${KERNEL_MODULES[*]:?}" "${NEEDED_MODULES[*]:?}"

check_kernel_modules() {
  local module
  kernel_modules_exist
  for module in "${KERNEL_MODULES[@]}"; do
    # What is built in need not show there; modprobe knows it.
    [[ -d $ROOT/sys/module/$module ]] || modprobe --show-depends "$module" | grep "^builtin $module"
  done
  file_is "$ROOT/etc/modules-load.d/meshstrap.conf" "$(printf '%s\n' "${KERNEL_MODULES[@]}")"
}

apply_kernel_modules() {
  local release package
  ask kernel_modules_exist
  if ((ANSWER != 0)); then
    release=$(uname -r)
    package=$(package_of_modules "$release")
    log change "$LAST_ERROR: installs $package"
    install_packages "$package"
    ask kernel_modules_exist
    ((ANSWER == 0)) || fail "Linux $release: $LAST_ERROR" 'upgrade the kernel and reboot, or take another image'
  fi
  write_file "$ROOT/etc/modules-load.d/meshstrap.conf" "$(printf '%s\n' "${KERNEL_MODULES[@]}")"
  retry 1 0 modprobe --all "${KERNEL_MODULES[@]}"
}

kernel_modules_exist() {
  local module
  for module in "${KERNEL_MODULES[@]}" "${NEEDED_MODULES[@]}"; do
    # What runs is there, even where an upgrade has taken this kernel's files away already.
    [[ -d $ROOT/sys/module/$module ]] || modprobe --show-depends "$module" >/dev/null
  done
}
