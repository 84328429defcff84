# shellcheck shell=bash
# SELinux logs instead of refusing, as kubeadm's documentation asks; left alone when the plan says unmanaged.

: "${ROOT?}" "${SELINUX:?}"

readonly SELINUX_FILE=$ROOT/etc/selinux/config

check_selinux() {
  [[ $SELINUX == permissive ]] || return 0
  local now
  now=$(getenforce)
  [[ $now != Enforcing ]]
  [[ ! -f $SELINUX_FILE ]] || is_edited "$SELINUX_FILE" selinux_config
}

apply_selinux() {
  local now
  # Disabled cannot be told to be permissive, and is as good.
  now=$(getenforce)
  [[ $now != Enforcing ]] || setenforce 0
  [[ ! -f $SELINUX_FILE ]] || edit_file "$SELINUX_FILE" selinux_config
}

selinux_config() { # <path>
  sed 's/^SELINUX=enforcing/SELINUX=permissive/' "$1"
}
