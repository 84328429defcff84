# shellcheck shell=bash
# Kernel settings: the running values, and the file that sets them at boot. rp_filter is off because pods' interfaces
# carry no address that a reverse path could be found for.

: "${ROOT?}" "${KERNEL_SYSCTLS:?}"

# The name decides who wins, for the last file does: behind 99-sysctl.conf, which is the distribution's /etc/sysctl.conf,
# and before 99-zzz-override_cilium.conf, with which Cilium frees its own interfaces from rp_filter.
readonly KERNEL_SYSCTLS_FILE=$ROOT/etc/sysctl.d/99-zz-meshstrap.conf

check_kernel_sysctls() {
  local name value running
  while IFS=' =' read -r name value; do
    [[ $name == [a-z]* ]] || continue
    running=$(<"$ROOT/proc/sys/${name//.//}")
    [[ ${running//$'\t'/ } == "$value" ]] || no "$name is $running, not $value"
  done <<<"$KERNEL_SYSCTLS"
  file_is "$KERNEL_SYSCTLS_FILE" "$KERNEL_SYSCTLS"
}

apply_kernel_sysctls() {
  write_file "$KERNEL_SYSCTLS_FILE" "$KERNEL_SYSCTLS"
  retry 1 0 sysctl --quiet --load="$KERNEL_SYSCTLS_FILE"
}
