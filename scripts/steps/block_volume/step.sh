# shellcheck shell=bash
# The data volume: images, containers and pod logs live on it, so that they cannot fill the root disk.
#
# - Bind mounts, not symlinks: containerd, kubelet and Cilium compare paths with what the kernel reports, and a symlink
#   to a volume that is late is a broken path at best and a full root disk at worst.
# - The volume is mounted beside /var/lib/meshstrap, not below it: the status must be readable when the volume is not.
# - etcd stays on the boot volume: its fsync does not wait behind image layers, and losing the volume does not lose the
#   cluster.
# - x-meshstrap marks our lines in fstab; mount and systemd ignore options that begin with x-.

: "${ROOT?}" "${BLOCK_DEVICE:?}" "${BLOCK_SIZE_GIB:?}" "${BLOCK_FORMAT:?}"

# Once it is ours it is known by its label, whatever name the kernel gives it.
BLOCK_LINK=$ROOT/dev/disk/by-label/meshstrap
[[ -e $BLOCK_LINK ]] || BLOCK_LINK=$ROOT$BLOCK_DEVICE
readonly BLOCK_LINK BLOCK_MOUNT=$ROOT/var/lib/meshstrap-data BLOCK_FSTAB=$ROOT/etc/fstab
readonly BLOCK_USERS=("$ROOT/var/lib/containerd" "$ROOT/var/lib/kubelet" "$ROOT/var/log/pods")
readonly BLOCK_DROP_INS=("$ROOT"/etc/systemd/system/{containerd,kubelet}.service.d/10-meshstrap-volume.conf)
readonly BLOCK_DROP_IN=$'[Unit]\nRequiresMountsFor='"$BLOCK_MOUNT ${BLOCK_USERS[*]}"

check_block_volume() {
  local number mounted probe found lines path
  [[ -e $BLOCK_LINK && -e $BLOCK_FSTAB ]]
  number=$(block_number)
  for path in "$BLOCK_MOUNT" "${BLOCK_USERS[@]}"; do
    mounted=$(block_mounted "$path")
    [[ $mounted == "$number" ]]
  done
  probe=$(block_probe)
  found=$(sed -n '/x-meshstrap/p' "$BLOCK_FSTAB")
  lines=$(block_lines "$probe")
  [[ $found == "$lines" ]]
  for path in "${BLOCK_DROP_INS[@]}"; do
    file_is "$path" "$BLOCK_DROP_IN"
  done
}

apply_block_volume() {
  local bytes number probe path
  await 300 "block volume at $BLOCK_DEVICE" "attach it in the console: paravirtualized, with that device path" \
    test -e "$BLOCK_LINK"
  # In GB of 10^9: not everyone means 2^30, and the question is only whether it is the right volume.
  bytes=$(lsblk --noheadings --raw --nodeps --bytes --output SIZE "$BLOCK_LINK")
  ((bytes >= BLOCK_SIZE_GIB * 1000000000)) ||
    fail "$BLOCK_DEVICE has $((bytes / 1000000000)) GB, not $BLOCK_SIZE_GIB: nothing was written" lsblk
  probe=$(block_probe)
  if [[ $probe != *$'\nLABEL=meshstrap\n'*$'\nTYPE=ext4\n'* ]]; then
    block_format "$probe"
    probe=$(block_probe)
  fi
  [[ -e $BLOCK_FSTAB ]] || write_file "$BLOCK_FSTAB" ''
  edit_file "$BLOCK_FSTAB" block_fstab "$probe"
  # Before containerd is there: it must not start on the empty folders below a volume that is late or gone.
  for path in "${BLOCK_DROP_INS[@]}"; do
    write_file "$path" "$BLOCK_DROP_IN"
  done
  # systemd unmounts what was mounted from a device that it has not seen yet.
  udevadm settle --timeout=60
  systemctl daemon-reload
  number=$(block_number)
  block_mount "$BLOCK_MOUNT" "$number"
  for path in "${BLOCK_USERS[@]}"; do
    install -d -m 711 "$BLOCK_MOUNT/${path##*/}"
    block_mount "$path" "$number"
  done
}

block_number() {
  lsblk --noheadings --raw --nodeps --output MAJ:MIN "$BLOCK_LINK" || exit 3
}

# Empty when nothing is mounted there; of mounts on top of each other only the last one counts.
block_mounted() { # <path>
  findmnt --noheadings --raw --output MAJ:MIN --mountpoint "$1" | tail -n 1 || (($? == 1)) || exit 3
}

# What the volume itself says, never a cache; 2 means that nothing was recognised.
block_probe() {
  blkid --probe --output export "$BLOCK_LINK" || (($? == 2)) || exit 3
}

# Only where nothing at all can be found, and never on a disk in use. mkfs.ext4 writes its superblock last: a volume
# that it was interrupted on is still blank.
block_format() { # <what blkid found>
  local disks uses found
  disks=$(lsblk --noheadings --raw --inverse --paths --output NAME "$BLOCK_LINK")
  mapfile -t disks <<<"$disks"
  uses=$(lsblk --noheadings --raw --output MOUNTPOINT "${disks[@]}" | tr -s '\n' ' ')
  [[ -z ${uses// /} ]] || fail "$BLOCK_DEVICE is part of a disk in use ($uses): nothing was written" lsblk
  found=$(wipefs --no-act --noheadings --output TYPE,LABEL "$BLOCK_LINK" | tr -s '\n' ' ')
  [[ -z $1$found ]] || fail "$BLOCK_DEVICE is not blank ($found), nor labelled meshstrap: nothing was written" \
    "wipefs --no-act $BLOCK_DEVICE"
  [[ $BLOCK_FORMAT == true ]] || fail "$BLOCK_DEVICE is blank, and format is not true in cluster.yaml" \
    "mkfs.ext4 -L meshstrap $BLOCK_DEVICE"
  log change "formatting $BLOCK_DEVICE"
  retry 1 0 mkfs.ext4 -q -L meshstrap "$BLOCK_LINK"
}

# awk, since a last line without an end would swallow the first of ours.
block_fstab() { # <what blkid found> <fstab>
  awk '!/x-meshstrap/' "$2"
  block_lines "$1"
}

# nofail: the machine boots without the volume. _netdev: an iSCSI attachment needs the network; a paravirtualized one
# loses nothing by it.
block_lines() { # <what blkid found>
  local path
  printf 'UUID=%s %s ext4 noatime,x-systemd.device-timeout=60s,nofail,_netdev,x-meshstrap 0 2\n' \
    "$(sed -n 's/^UUID=//p' <<<"$1")" "$BLOCK_MOUNT"
  for path in "${BLOCK_USERS[@]}"; do
    printf '%s %s none bind,x-systemd.requires-mounts-for=%s,nofail,_netdev,x-meshstrap 0 0\n' \
      "$BLOCK_MOUNT/${path##*/}" "$path" "$BLOCK_MOUNT"
  done
}

# mount would put a second one on top of a first, and hide what a folder holds without a word.
block_mount() { # <path> <device number>
  local mounted content
  mounted=$(block_mounted "$1")
  [[ $mounted != "$2" ]] || return 0
  mkdir -p "$1"
  content=$(ls -A "$1")
  [[ -z $mounted$content ]] || fail "$1 holds data that the volume would hide" \
    "drain the node, then: systemctl stop kubelet containerd; cp -a $1/. $BLOCK_MOUNT/${1##*/} && mv $1 $1.old"
  retry 1 0 mount --fstab "$BLOCK_FSTAB" "$1"
}
