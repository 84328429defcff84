#!/usr/bin/env bash
# Let the programs that configure an arm64 tree's packages be those of this machine's processor.
#
# Emulated, each sh, sed and grep of a maintainer script is translated anew, and there are thousands of them. What they
# write is the same on every processor, so those of a native tree of the same release do it. dpkg, apt and all that asks
# which processor this is stay the tree's own, and nothing of the native tree is left in it.
set -euo pipefail
shopt -s nullglob

verb=$1 tree=${2:?} native=${3:-}

# They say or hold what the processor is.
readonly OWN=' apt apt-cache apt-config apt-get apt-mark arch dpkg ld.so ldconfig ldd uname '
# These are named by the first lines of scripts, not found on PATH.
readonly INTERPRETERS='bash dash perl'

# Once the tree is extracted: programs by their names, for a PATH that begins with /native.bin.
names() {
  local program name magic
  mkdir "$tree/native" "$tree/native.bin" "$tree/usr/lib64"
  mount --bind "$native" "$tree/native"
  # It is the cache of another lab: nothing that goes wrong here may write to it, or remove it.
  mount -o remount,bind,ro "$tree/native"
  # systemd refuses a tree where this leads elsewhere.
  ln -s usr/lib64 "$tree/lib64"
  ln -s /native/usr/lib64/ld-linux-x86-64.so.2 "$tree/usr/lib64"
  ln -s /native/usr/lib/x86_64-linux-gnu "$tree/usr/lib"
  for program in "$native"/usr/bin/* "$native"/usr/sbin/*; do
    name=${program##*/}
    # Python finds its modules beside itself, and those of the tree are meant.
    [[ $OWN != *" $name "* && $name != python* ]] || continue
    magic=
    IFS= read -r -n 4 magic 2>/dev/null <"$program" || true
    [[ $magic != $'\x7fELF' ]] || ln -sf "/native${program#"$native"}" "$tree/native.bin/$name"
  done
  # The byte code is compiled at once, in the end.
  printf '#!/bin/sh\n' | tee "$tree/native.bin/py3compile" >"$tree/native.bin/py3clean"
  chmod +x "$tree/native.bin"/py3*
}

# Once the packages that these belong to are unpacked, and dpkg has no reason to replace them any more.
interpreters() {
  local name
  for name in $INTERPRETERS; do
    mount --bind "$tree/native/usr/bin/$name" "$tree/usr/bin/$name"
  done
}

leave() {
  local name
  # A few templates among the modules are no Python.
  chroot "$tree" /native/usr/bin/python3 -m compileall -q /usr/lib/python3 /usr/lib/python3.* >/dev/null || true
  for name in $INTERPRETERS; do
    umount "$tree/usr/bin/$name"
  done
  umount "$tree/native"
  rmdir "$tree/native"
  rm -r "${tree:?}"/{native.bin,lib64,usr/lib64,usr/lib/x86_64-linux-gnu}
}

"$verb"
