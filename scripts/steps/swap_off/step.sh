# shellcheck shell=bash
# No swap now, and none after a boot: kubelet refuses to start with it. Only real swap entries are touched.

: "${ROOT?}"

check_swap_off() {
  local now units
  now=$(sed 1d "$ROOT/proc/swaps")
  [[ -z $now ]]
  units=$(swap_units)
  [[ -z $units ]]
  [[ ! -f $ROOT/etc/fstab ]] || is_edited "$ROOT/etc/fstab" swap_free_fstab
}

apply_swap_off() {
  local units unit
  [[ ! -f $ROOT/etc/fstab ]] || edit_file "$ROOT/etc/fstab" swap_free_fstab
  retry 1 0 swapoff --all
  # systemd makes units of fstab's lines; those that are left after reading it again come from somewhere else: zram's
  # generator, a swap partition that it found, an administrator's own unit.
  systemctl daemon-reload
  units=$(swap_units)
  for unit in $units; do
    retry 1 0 systemctl mask --quiet "$unit"
  done
}

# A line with swap in its third field becomes a comment that says who made it one; all others stay byte for byte.
swap_free_fstab() { # <path>
  awk '$1 !~ /^#/ && $3 == "swap" { printf "# meshstrap: no swap: " } { print }' "$1"
}

# systemctl exits 1 when it finds nothing, as when it cannot ask; swap.target is always there. Patterns are systemd's own to
# match: with --type it tells of every unit file, which takes a slow machine past the bus's 25 seconds.
swap_units() {
  local list
  list=$(systemd_says list-unit-files --no-legend --plain '*.swap' swap.target)
  awk '$1 ~ /\.swap$/ && $2 !~ /^masked/ { print $1 }' <<<"$list"
}
