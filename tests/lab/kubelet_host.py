"""What a machine of the lab needs beside its tree so that a kubelet, containerd and Cilium run in it.

All of it makes up for the machine below: cgroup v1, root without CAP_SYS_RESOURCE, a file system that overlays another,
a kernel without modules. Nothing of it is asked of a real machine.
"""

from __future__ import annotations

import gzip
import platform
from pathlib import Path

# An overlay cannot be the upper layer of containerd's own overlays, and etcd syncs often: a real file system for these.
STATE = ("/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd", "/var/log/pods")

_CGROUPS = """\
[Unit]
Description=The machine may write its own cgroups, and its mounts reach its pods
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for group in /sys/fs/cgroup/*; do mount -o remount,rw,bind $$group; done; mount --make-rshared /'
[Install]
WantedBy=sysinit.target
"""

# Root here has no CAP_SYS_RESOURCE, so no container can be given it, nor a lower OOM score than the machine's own.
_CONTAINERD = """\
version = 3
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "/usr/local/sbin/runc-without-resource"
"""
_RUNC = """\
#!/bin/sh
strip() { [ ! -f "$1" ] || sed -i 's/,"CAP_SYS_RESOURCE"//g; s/"CAP_SYS_RESOURCE",//g; s/"CAP_SYS_RESOURCE"//g' "$1"; }
before=
for word; do
  case $before in
    --bundle) strip "$word/config.json" ;;
    --process | -p) strip "$word" ;;
  esac
  before=$word
done
exec runc "$@"
"""


def prepare_kubelet_host(root: Path) -> None:
    """Write these files into a machine's root."""
    _write(root / "etc/systemd/system/writable-cgroups.service", _CGROUPS)
    wanted = root / "etc/systemd/system/sysinit.target.wants/writable-cgroups.service"
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.symlink_to("../writable-cgroups.service")
    _write(root / "etc/containerd/conf.d/lab.toml", _CONTAINERD)
    _write(root / "usr/local/sbin/runc-without-resource", _RUNC, 0o755)
    # kubeadm's preflight looks for the kernel's configuration, and a container has no /boot of its own.
    _write(root / f"boot/config-{platform.release()}", gzip.decompress(Path("/proc/config.gz").read_bytes()).decode())


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
