#!/usr/bin/env bash
# What an image of the cloud has that a bare tree has not: no identity, a root that grows, the cloud's clock and resolver.
# With the later packages' names it keeps those packages beside the tree.
set -euo pipefail

: "${MMDEBSTRAP_APT_CONFIG:?}"
tree=$1 debs=$2
shift 2

later() {
  mkdir -p "$debs"
  # Those that the tree was made of.
  rm -f "$tree"/var/cache/apt/archives/*.deb
  # Of this machine's processor, with the tree's settings: nothing is emulated.
  APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --quiet --yes --no-install-recommends --download-only install "$@"
  mv "$tree"/var/cache/apt/archives/*.deb "$debs"
}

initramfs() {
  local kernel
  printf 'MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n' >"$tree/etc/initramfs-tools/conf.d/lab"
  # All that the disk of a machine of the lab needs; its firmware reads every byte in emulation.
  printf '%s\n' virtio_pci virtio_scsi virtio_net sd_mod ext4 >"$tree/etc/initramfs-tools/modules"
  for kernel in "$tree"/lib/modules/*; do
    chroot "$tree" update-initramfs -c -k "${kernel##*/}"
  done
}

identity() {
  printf 'uninitialized\n' >"$tree/etc/machine-id"
  rm -f "$tree"/etc/{hostname,resolv.conf} "$tree"/etc/ssh/ssh_host_* "$tree/var/lib/dbus/machine-id"
  ln -s ../run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
  # Asks on the console, which nobody watches.
  ln -s /dev/null "$tree/etc/systemd/system/systemd-firstboot.service"
}

settings() {
  printf 'LABEL=root / ext4 defaults 0 1\nLABEL=ESP /boot/efi vfat umask=0077,nofail 0 1\n' >"$tree/etc/fstab"
  mkdir -p "$tree/boot/efi" "$tree/etc/systemd/timesyncd.conf.d"
  printf '[Time]\nNTP=169.254.169.254\nFallbackNTP=\n' >"$tree/etc/systemd/timesyncd.conf.d/oracle.conf"
  systemctl --root="$tree" enable systemd-networkd systemd-resolved systemd-timesyncd ssh
  # Oracle's images name volumes by a rule of their own; here b is the second of the controller.
  for volume in a:1 b:2; do
    printf 'SUBSYSTEM=="block", ENV{DEVTYPE}=="disk", KERNELS=="*:0:0:%s", SUBSYSTEMS=="scsi", SYMLINK+="oracleoci/oraclevd%s"\n' \
      "${volume#*:}" "${volume%:*}"
  done >"$tree/etc/udev/rules.d/99-lab-oracleoci.rules"
  # Debian's own mirror is not what a node checks; the lab's key is another one in each run.
  printf 'Types: deb\nURIs: http://apt.lab.test/debian-arm64/\nSuites: /\nTrusted: yes\n' >"$tree/etc/apt/sources.list.d/lab.sources"
  rm -f "$tree"/etc/apt/sources.list "$tree"/etc/apt/sources.list.d/0000*
  # mmdebstrap's own: the path of the native programs, and dpkg that does not sync.
  rm "$tree"/etc/apt/apt.conf.d/99mmdebstrap "$tree"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
}

later "$@"
initramfs
identity
settings
