# shellcheck shell=bash
# Kernel modules that containerd's snapshots and bridged pod traffic need, now and at every boot.

: "${ROOT?}" "${KERNEL_MODULES[*]:?}"

readonly KERNEL_MODULES_FILE=$ROOT/etc/modules-load.d/meshstrap.conf

check_kernel_modules() {
  local module found
  for module in "${KERNEL_MODULES[@]}"; do
    [[ ! -d $ROOT/sys/module/$module ]] || continue
    # What is built in need not show there; modprobe knows it. A module that exists nowhere makes it fail: not converged.
    found=$(modprobe --show-depends "$module")
    [[ $'\n'$found == *$'\n'"builtin $module"* ]]
  done
  file_is "$KERNEL_MODULES_FILE" "$(printf '%s\n' "${KERNEL_MODULES[@]}")"
}

apply_kernel_modules() {
  write_file "$KERNEL_MODULES_FILE" "$(printf '%s\n' "${KERNEL_MODULES[@]}")"
  retry 1 0 modprobe --all "${KERNEL_MODULES[@]}"
}
