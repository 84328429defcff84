# shellcheck shell=bash
# The machine's name is the node's: running, at the next boot, and resolvable without any DNS. Files and the kernel are
# asked and set directly, without hostnamectl: it needs D-Bus, which may be late, and reads the same two places.

: "${ROOT?}" "${NODE_NAME:?}"

readonly HOSTNAME_RUNNING=$ROOT/proc/sys/kernel/hostname HOSTNAME_FILE=$ROOT/etc/hostname HOSTNAME_HOSTS=$ROOT/etc/hosts
# Oracle Linux writes the console's name into hostname and /etc/hosts at each DHCP lease, unless this says 2.
# https://docs.oracle.com/en-us/iaas/Content/Network/Tasks/managingDHCP.htm#notes
readonly HOSTNAME_ORACLE=$ROOT/etc/oci-hostname.conf

check_hostname() {
  [[ $(<"$HOSTNAME_RUNNING") == "$NODE_NAME" ]]
  printf '%s\n' "$NODE_NAME" | file_is "$HOSTNAME_FILE" 644
  [[ ! -f $HOSTNAME_ORACLE || $(<"$HOSTNAME_ORACLE") == "$(hostname_oracle)" ]]
  awk -v name="$NODE_NAME" '$1 == "127.0.1.1" { for (i = 2; i <= NF; i++) found += $i == name } END { exit !found }' \
    "$HOSTNAME_HOSTS"
}

apply_hostname() {
  local text
  if [[ -f $HOSTNAME_ORACLE ]]; then
    text=$(hostname_oracle)
    edit_file "$HOSTNAME_ORACLE" "$text"
  fi
  printf '%s\n' "$NODE_NAME" | write_file "$HOSTNAME_FILE" 644
  printf '%s' "$NODE_NAME" >"$HOSTNAME_RUNNING"
  text=$(awk -v line="127.0.1.1 $NODE_NAME" '$0 != line; END { print line }' "$HOSTNAME_HOSTS")
  edit_file "$HOSTNAME_HOSTS" "$text"
}

hostname_oracle() {
  sed 's/^PRESERVE_HOSTINFO=.*/PRESERVE_HOSTINFO=2/' "$HOSTNAME_ORACLE"
}
