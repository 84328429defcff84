# shellcheck shell=bash
# The machine's name is the node's: running, at the next boot, and resolvable without any DNS. Files and the kernel are
# asked and set directly, without hostnamectl: it needs D-Bus, which may be late, and reads the same two places.

: "${ROOT?}" "${NODE_NAME:?}"

readonly HOSTNAME_RUNNING=$ROOT/proc/sys/kernel/hostname HOSTNAME_FILE=$ROOT/etc/hostname HOSTNAME_HOSTS=$ROOT/etc/hosts

check_hostname() {
  [[ $(<"$HOSTNAME_RUNNING") == "$NODE_NAME" ]]
  file_is "$HOSTNAME_FILE" "$NODE_NAME"
  is_edited "$HOSTNAME_HOSTS" hostname_hosts
}

apply_hostname() {
  write_file "$HOSTNAME_FILE" "$NODE_NAME"
  printf '%s' "$NODE_NAME" >"$HOSTNAME_RUNNING"
  edit_file "$HOSTNAME_HOSTS" hostname_hosts
}

# A line for the name, unless there is one.
hostname_hosts() { # <path>
  awk -v name="$NODE_NAME" '{ print } $1 == "127.0.1.1" { for (i = 2; i <= NF; i++) found += $i == name }
  END { if (!found) print "127.0.1.1 " name }' "$1"
}
