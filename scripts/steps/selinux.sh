# shellcheck shell=bash
# SELinux logs instead of refusing, as kubeadm's documentation asks; left alone when the plan says unmanaged.

: "${ROOT?}" "${SELINUX:?}"

readonly SELINUX_FILE=$ROOT/etc/selinux/config

check_selinux() {
  [[ $SELINUX == permissive ]] || return 0
  local now
  now=$(getenforce)
  [[ $now != Enforcing ]]
  [[ ! -f $SELINUX_FILE || $(<"$SELINUX_FILE") == "$(selinux_config)" ]]
}

apply_selinux() {
  local text
  # Disabled cannot be told to be permissive, and is as good.
  [[ $(getenforce) != Enforcing ]] || setenforce 0
  if [[ -f $SELINUX_FILE ]]; then
    text=$(selinux_config)
    edit_file "$SELINUX_FILE" "$text"
  fi
}

selinux_config() {
  sed 's/^SELINUX=enforcing/SELINUX=permissive/' "$SELINUX_FILE"
}
