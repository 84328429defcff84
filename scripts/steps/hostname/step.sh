# shellcheck shell=bash
# The machine's name is the node's: running, at the next boot, and resolvable without any DNS. Files and the kernel are
# asked and set directly, without hostnamectl: it needs D-Bus, which may be late, and reads the same two places.

: "${ROOT?}" "${NODE_NAME:?}"

check_hostname() {
  [[ $(<"$ROOT/proc/sys/kernel/hostname") == "$NODE_NAME" ]]
  file_is "$ROOT/etc/hostname" "$NODE_NAME"
  is_edited "$ROOT/etc/hosts" hostname_hosts
}

apply_hostname() {
  write_file "$ROOT/etc/hostname" "$NODE_NAME"
  printf '%s' "$NODE_NAME" >"$ROOT/proc/sys/kernel/hostname"
  edit_file "$ROOT/etc/hosts" hostname_hosts
}

# A line for the name, unless there is one.
hostname_hosts() { # <path>
  awk -v name="$NODE_NAME" '{ print } $1 == "127.0.1.1" { for (i = 2; i <= NF; i++) found += $i == name }
  END { if (!found) print "127.0.1.1 " name }' "$1"
}
