"""A picture of a machine's state, and what two pictures differ in.

"Converges to the same state" is defined here. A picture holds everything that the machine's disk has and its base tree
has not (path, kind, mode, owner, hash of the content; what was removed too), unit files and units, packages with
version and hold, firewall and routing rules, mounts and kernel settings. Times are no part of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from .machine import Machine

Picture = dict[str, str]

# What may differ between two machines in the same state. A path stands for all that is below it.
ALLOWED = re.compile(
    r"""
    /var/log | /run                         # each machine's own story
    | /var/cache | /var/lib/apt | /var/tmp | /tmp | /root   # made anew at will
    | /var/lib/systemd | /var/lib/private   # random seed, timers' stamps, the clock's last reading
    | /var/lib/cloud                        # cloud-init's notes: boots, times, pickled objects
    | /etc/sudoers\.d/90-cloud-init-users   # says when it was written
    | /var/lib/dhcpcd                       # leases
    | /etc/machine-id | /var/lib/dbus/machine-id | /etc/ssh/ssh_host_.* | /var/lib/tailscale   # identities
    | /etc/\.pwd\.lock
    # dpkg's database as text: what it says is asked of dpkg itself; info, with each package's files, is compared.
    | /var/lib/dpkg/(status|diversions|statoverride)(-old)? | /var/lib/dpkg/(available|lock|lock-frontend|triggers)
    | /var/lib/dpkg/updates/tmp\.i          # dpkg's scratch, which it writes anew before it reads it
    | /var/lib/meshstrap/status\.json       # times; that all steps hold is asked
    # The lab's own: numbers of its loop devices.
    | /etc/tmpfiles\.d/lab-volume\.conf | /etc/systemd/system/lab-devices\.service
    """,
    re.VERBOSE,
)

# Units that come and go by themselves, whatever the machine went through: timers' and first boots' services; kubelet
# ends and starts in turn until kubeadm has configured it, and this run of ours is one of several.
PASSING = re.compile(
    r"(apt-|dpkg-|e2scrub|fstrim|man-db|logrotate|systemd-|cloud-|user|session-|init\.scope|run-|dev-|sys-|"
    r"proc-|blockdev@|console-getty|kubelet\.service|meshstrap\.service|modprobe@|networkd-dispatcher|-\.mount|emergency|rescue|initrd)"
)

_ASK = r"""
set -e
echo '== unit file'; systemctl list-unit-files --no-legend --plain | awk '{ print $1, $2 }'
echo '== unit'; systemctl list-units --all --no-legend --plain --type=service,mount,socket,timer,swap,target |
  awk '{ print $1, $2 "/" $3 "/" $4 }'
echo '== package'; dpkg-query --show --showformat='${Package} ${Version} ${Status}\n'
echo '== dpkg left behind'; dpkg --audit | head -n 3; ls -I tmp.i /var/lib/dpkg/updates
echo '== iptables'; iptables-save | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//' | cat -n
echo '== ip6tables'; ip6tables-save | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//' | cat -n
echo '== rule'; ip -4 rule; ip -6 rule
echo '== route'; ip -4 route | sed 's/ expires.*//'
echo '== mount'; findmnt --raw --noheadings --output TARGET,FSTYPE,OPTIONS |
  grep -vE '^/((proc|sys|dev|run|tmp)(/.*)?)? ' | sort
echo '== sysctl'
sed -nE 's/^([a-z][a-z0-9_./-]*) *=.*/\1/p' /etc/sysctl.d/99-zz-meshstrap.conf | while read -r name; do
  echo "$name $(sysctl -n "$name")"
done
echo '== kernel'; echo "hostname $(cat /proc/sys/kernel/hostname)"
echo '== volume'; ls -A /var/lib/meshstrap-data 2>/dev/null || true
"""


def take(machine: Machine) -> Picture:
    """The picture of a running machine."""
    # A new file system has a new UUID; where it is written, its place is what counts.
    uuids = re.findall(r"^UUID=([0-9a-f-]{36}) /var/lib/meshstrap-data ", machine.read("/etc/fstab"), re.MULTILINE)
    picture = dict(_files(machine, [uuid.encode() for uuid in uuids]))
    picture.update(_answers(machine))
    return picture


def differences(expected: Picture, found: Picture) -> list[str]:
    """What differs, one line each; empty when both show the same state."""
    absent = "nothing"
    return [
        f"{name}: {found.get(name, absent)}, not {expected.get(name, absent)}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def _files(machine: Machine, uuids: list[bytes]) -> Iterator[tuple[str, str]]:
    upper = machine.folder / "upper"
    for folder, folders, names in os.walk(upper.resolve()):
        for name in (*folders, *names):
            path = "/" + str((Path(folder) / name).relative_to(upper.resolve()))
            if any(ALLOWED.fullmatch(str(part)) for part in (Path(path), *Path(path).parents)):
                continue
            now = _describe(machine.root / path[1:], uuids)
            # A file that was copied into the overlay and is as it was has not changed.
            if now != _describe(machine.tree / path[1:], uuids):
                yield f"file {path}", now


def _describe(path: Path, uuids: list[bytes]) -> str:
    try:
        state = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "removed"
    kind = stat.filemode(state.st_mode)
    if stat.S_ISLNK(state.st_mode):
        return f"{kind} to {path.readlink()}"
    text = f"{kind} {state.st_uid}:{state.st_gid}"
    if not stat.S_ISREG(state.st_mode):
        return text
    content = path.read_bytes()
    for uuid in uuids:
        content = content.replace(uuid, b"the volume")
    return f"{text} {len(content)} bytes {hashlib.sha256(content).hexdigest()[:12]}"


def _answers(machine: Machine) -> Iterator[tuple[str, str]]:
    subject = ""
    for line in machine.bash(_ASK).check().out.splitlines():
        if line.startswith("== "):
            subject = line[3:]
            continue
        name, _, value = line.strip().partition("\t" if "tables" in subject else " ")
        if subject.startswith("unit") and PASSING.match(name):
            continue
        if subject in {"rule", "route", "dpkg left behind"}:
            name, value = line, "there"
        yield f"{subject} {name}", value
