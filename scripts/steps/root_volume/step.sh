# shellcheck shell=bash
# The root disk is used to its end. On Ubuntu and Debian cloud-init grows it at every boot; Oracle's image of Oracle Linux
# leaves a boot volume of 50 GB or more as it was made:
# https://docs.oracle.com/en-us/iaas/oracle-linux/oci/oci-utilities-reference.htm
# What counts is the room behind the last partition: how the partitions are used is the image's, or somebody's, own choice.

: "${ROOT?}" "${WAIVED_MACHINE_CHECKS[*]-}"

check_root_volume() {
  local disk
  disk=$(root_volume_disk)
  # GiB: less is alignment.
  [[ -z $disk || " ${WAIVED_MACHINE_CHECKS[*]} " == *' disk '* ]] ||
    lsblk --noheadings --raw --bytes --output SIZE,TYPE "$disk" |
    awk '$2 == "disk" { room = $1 } $2 == "part" { room -= $1; n++ } END { exit n && room > 2^30 }'
}

apply_root_volume() {
  local grow=$ROOT/usr/libexec/oci-growfs
  local -x NEXT='lsblk, or waive disk in waive_machine'
  if [[ -x $grow ]]; then
    retry 1 0 "$grow" -y
  else
    retry 1 0 cloud-init single --name growpart --frequency always
    retry 1 0 cloud-init single --name resizefs --frequency always
  fi
}

# Nothing where the root is no block device.
root_volume_disk() {
  local source
  source=$(findmnt --noheadings --raw --output SOURCE /)
  [[ $source == /dev/* ]] || return 0
  lsblk --noheadings --raw --inverse --paths --output TYPE,NAME "$source" | sed -n '/^disk /{s///p;q}'
}
