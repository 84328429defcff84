"""What makes a lab machine look like one of OCI's: firewall, volumes, neighbours, what cloud-init does there.

Everything is put on before the first boot, as an image and a console have it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shell.firewall_rules import RULES_V4

from .disk import Volume
from .lab import Lab
from .machine import Machine
from .node import lab_inventory, render, status, wait_settled
from .process import run, wait_until
from .tree import mirror
from .vendors import Sources

VOLUME = "/dev/oracleoci/oraclevdb"
RULES = "/etc/iptables/rules.v4"
# What loads them at boot.
LOADERS = ("iptables-persistent", "netfilter-persistent")
# Where OCI's boot volume is attached by iSCSI, and its port.
ISCSI = "169.254.0.2"
ISCSI_PORT = 3260
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample1 alice@laptop"

# A line that is no swap but says so, and one that is; the middle one is left as it is.
FSTAB = "# swap was here once\n/swapfile none swap sw 0 0\ntmpfs /srv/scratch tmpfs nofail,size=1m 0 0\n"
SWAP_UNIT = "[Unit]\nDescription=compressed swap, as a generator of an image makes it\n[Swap]\nWhat=/dev/zram9\n"
# Names the device as Oracle's own udev rule does.
VOLUME_NAME = "d /dev/oracleoci 0755\nL+ {name} - - - - {device}\n"
# In a container systemd begins before any udev and does not listen to it, so that no device would ever appear to it.
# One that is told to read its settings again looks at all devices, too.
DEVICES_UNIT = """\
[Unit]
DefaultDependencies=no
After=systemd-udev-trigger.service systemd-udevd.service systemd-tmpfiles-setup-dev.service
[Service]
Type=oneshot
ExecStart=udevadm settle
ExecStart=systemctl --no-block daemon-reload
"""
# A volume that the cloud attaches while the machine is booting already.
LATE_UNIT = "[Unit]\nAfter=network-online.target\n[Service]\nType=oneshot\nExecStart=sleep 5\n"
LATE_MOUNT = "[Unit]\nRequires=lab-late.service\nAfter=lab-late.service\n"

CLOUD_INIT = """\
system_info: {{default_user: {{name: {user}, lock_passwd: true, groups: [adm, sudo], shell: /bin/bash}}}}
apt:
  preserve_sources_list: false
  sources_list: |
    deb [signed-by=/etc/apt/keyrings/lab.asc] http://apt.lab.test/{tree}/ /
package_update: true
packages: [{package}]
"""


@contextmanager
def volume(image: Path, gib: int = 50) -> Iterator[str]:
    """A blank block device, named by its node here; detached afterwards, whatever happens. Its file takes no space."""
    image.parent.mkdir(parents=True, exist_ok=True)
    made = Volume(image, gib)
    made.attach()
    try:
        yield str(made.device)
    finally:
        made.detach()
        # A machine that has just lost its power holds the device for a moment; the kernel lets go at its last close.
        wait_until(lambda: str(image) not in run(["losetup", "--all"]).out, f"{image} to be detached", seconds=30)


def erase(device: str) -> None:
    """Make a volume blank again."""
    run(["wipefs", "--all", device]).check()


def attach(machine: Machine, device: str, name: str = VOLUME) -> None:
    """Attach a volume in the console, under a device path of Oracle's; before the machine boots."""
    machine.binds += (device,)
    machine.write("/etc/tmpfiles.d/lab-volume.conf", VOLUME_NAME.format(name=name, device=device))
    machine.write("/etc/systemd/system/lab-devices.service", DEVICES_UNIT)
    machine.write("/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf", "[Unit]\nWants=lab-devices.service\n")


def attach_late(machine: Machine) -> None:
    """Let systemd mount the volume no sooner than some seconds after the network is there, from the next boot on."""
    machine.write("/etc/systemd/system/lab-late.service", LATE_UNIT)
    machine.write("/etc/systemd/system/var-lib-meshstrap\\x2ddata.mount.d/lab.conf", LATE_MOUNT)


def preinstall(machine: Machine, cache: Path, *packages: str, instead_of: str = "") -> None:
    """Put packages of the distribution on the machine's disk, as its image has them, and take one away."""
    debs = downloaded(machine.tree, machine.suite, cache, *packages)
    inside = machine.root / "var/cache/preinstall"
    shutil.copytree(debs, inside)
    # In the machine's own network: a package's script may ask for the firewall's rules.
    chroot = ["ip", "netns", "exec", machine.account.machine, "chroot", str(machine.root)]
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    if instead_of:
        run([*chroot, "dpkg", "--remove", "--force-depends", instead_of], env=settings).check()
    run([*chroot, "sh", "-c", "dpkg --install /var/cache/preinstall/*.deb"], env=settings, timeout=300).check()
    shutil.rmtree(inside)


def downloaded(tree: Path, suite: str, cache: Path, *packages: str) -> Path:
    """The packages that the tree of a release lacks for these, downloaded once a tree."""
    folder = cache / f"{tree.name}-{'-'.join(packages)}"
    if folder.exists():
        return folder
    work = folder.with_name(f"{folder.name}-{os.getpid()}")
    for name in ("upper", "work", "root", "debs"):
        (work / name).mkdir(parents=True)
    root = work / "root"
    options = f"lowerdir={tree},upperdir={work}/upper,workdir={work}/work"
    run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)]).check()
    try:
        (root / "etc/resolv.conf").unlink(missing_ok=True)
        shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (root / "etc/apt/sources.list").write_text(f"deb [signed-by={keyring}] {mirror()} {suite} main\n")
        apt = ["chroot", str(root), "apt-get", "--quiet", "--yes", "--no-install-recommends"]
        run([*apt, "update"], timeout=300).check()
        run([*apt, "--download-only", "install", *packages], timeout=300).check()
        for deb in (root / "var/cache/apt/archives").glob("*.deb"):
            shutil.copyfile(deb, work / "debs" / deb.name)
    finally:
        run(["umount", str(root)]).check()
    (work / "debs").rename(folder)
    shutil.rmtree(work)
    return folder


def as_ubuntu_image(lab: Lab, machine: Machine, *, user: str = "ubuntu") -> None:
    """Dress a machine as Oracle's Ubuntu image: its firewall, its login user, its cloud-init, swap, iSCSI next door."""
    preinstall(machine, lab.cache, *LOADERS)
    machine.write(RULES, RULES_V4)
    machine.write("/etc/fstab", FSTAB)
    machine.write("/usr/lib/systemd/system/dev-zram9.swap", SWAP_UNIT)
    settings = CLOUD_INIT.format(user=user, tree=machine.tree.name, package="socat")
    machine.write("/etc/cloud/cloud.cfg.d/98-image.cfg", settings)
    serve_iscsi(machine)


def serve_iscsi(machine: Machine) -> None:
    """Let something listen where Oracle's iSCSI targets do."""
    router = machine.account.router
    # On lo: the cable to the machine is a new one after each power cut, and Linux answers for any address of its own.
    run(["ip", "-n", router, "addr", "add", f"{ISCSI}/32", "dev", "lo"]).check()
    listen = "import socket, sys\ns = socket.create_server((sys.argv[1], int(sys.argv[2])))\nwhile True: s.accept()"
    machine.account.serve(sys.executable, "-c", listen, ISCSI, str(ISCSI_PORT))


def launch_dressed(lab: Lab, sources: Sources, device: str, *, suite: str = "trixie", extra: str = "") -> Machine:
    """Launch a worker on a dressed machine with a volume, and wait until its steps before the tailnet hold."""
    machine = lab.machine("w1", suite=suite)
    lab.use_distribution(machine, sources)
    as_ubuntu_image(lab, machine)
    attach(machine, device)
    node = f", login_user: ubuntu, block_volume: {{device: {VOLUME}, size_gib: 50, format: true}}"
    user_data = lab.encode(render(lab_inventory(sources, suite, node=node, extra=extra)).user_data.text)
    if suite == "bookworm":
        lab.launch_from_seed(machine, user_data)
    else:
        lab.launch(machine, user_data, ssh_keys=SSH_KEY)
    wait_settled(machine)
    return machine


def rest(machine: Machine) -> None:
    """Stop the unit, which tries again for the tailnet, so that what is seen is not what it has just repaired."""
    machine.run("systemctl", "stop", "meshstrap").check()


def reboot(machine: Machine) -> None:
    """Reboot, and wait for the end of the steps of the run that the boot has started."""
    before = status(machine)["started"]
    machine.power_off()
    machine.boot()
    wait_until(lambda: status(machine)["started"] != before, f"{machine.name}: a run after its boot", seconds=120)
    wait_settled(machine)
