"""A machine that calls itself Oracle Linux: a Debian tree with real dnf, rpm and firewalld, and repositories for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .dress import preinstall
from .firewalld import DIRECT, DIRECT_XML
from .lab import Lab
from .machine import Machine
from .node import LAB_MACHINE, SCRIPT, render
from .packages import Deb
from .programs import program_folder
from .rpms import MACROS, RpmWorkshop, Signer
from .twice import up_to_the_tailnet
from .vendors import (
    CONTAINERD,
    KUBERNETES,
    TAILSCALE,
    Sources,
    containerd_deb,
    crictl_deb,
    debian_runc,
    kubernetes_debs,
    tailscale_deb,
)

PROGRAMS = ("createrepo-c", "dnf", "firewalld", "gpg", "gpg-agent", "rpm", "selinux-utils")
# What the images have, by name and by the files that the steps ask for; the programs themselves are Debian's.
DISTRIBUTION = (
    *("ca-certificates", "conntrack-tools", "ethtool", "gnupg2", "iproute-tc", "iptables-nft", "nftables", "socat"),
    "tar",
)
NEWER, OLDER = "1.36.9", "1.36.1"
OS_RELEASE = 'NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="{version}"\n'
SELINUX = "SELINUX=enforcing\nSELINUXTYPE=targeted\n"
HOSTNAME = "# as the image has it\nPRESERVE_HOSTINFO=0\n"
IMAGE_REPOSITORY = "[{name}]\nname={name}\nbaseurl={url}\nenabled=1\ngpgcheck=0\n"


@dataclass(frozen=True)
class Rpms:
    """What is served below ``rpm/``: ``fingerprint`` signed it; ``stranger`` is a key of which no plan knows.

    ``aged`` signed ``kubernetes-aged``: the key that is served there has ended, ``prolonged.asc`` beside it has not.
    """

    folder: Path
    fingerprint: str
    stranger: str
    aged: str


def oracle_machine(lab: Lab, name: str, release: str) -> Machine:
    """A machine as Oracle's image is, as far as the steps look: not yet booted."""
    machine = lab.machine(name)
    # Debian's firewalld and cloud-init do not go together.
    preinstall(machine, lab.cache, *PROGRAMS, instead_of="cloud-init")
    machine.root.joinpath("etc/os-release").unlink()
    machine.write("/etc/os-release", OS_RELEASE.format(version=f"{release}.6"))
    machine.write("/etc/selinux/config", SELINUX)
    machine.write("/etc/oci-hostname.conf", HOSTNAME)
    machine.write(DIRECT, DIRECT_XML)
    machine.write("/etc/rpm/macros.lab", MACROS)
    machine.write(
        "/etc/yum.repos.d/image.repo", IMAGE_REPOSITORY.format(name="image", url="http://apt.lab.test/rpm/image")
    )
    return machine


def serve_rpms(machine: Machine, cache: Path, sources: Sources) -> Rpms:
    """Write all repositories, the right ones and the wrong ones, with the programs of this machine's tree."""
    folder = sources.folder / "rpm"
    key, stranger, aged = (Signer(folder.with_name(f"rpm-{name}")) for name in ("key", "stranger", "aged"))
    workshop = RpmWorkshop(machine.root)
    needed = ("conntrack-tools", "ethtool", "iptables-nft", "socat")
    kubernetes = [*kubernetes_debs(KUBERNETES), *kubernetes_debs(NEWER), crictl_deb(cache), cni()]
    packages = {
        "image": [Deb(one, "1-1") for one in DISTRIBUTION],
        "kubernetes": kubernetes,
        "containerd": [containerd_deb(CONTAINERD, program_folder("containerd", cache), debian_runc(cache))],
        "tailscale": [tailscale_deb(f"{TAILSCALE}-1", program_folder("tailscale", cache))],
    }
    for name, debs in packages.items():
        built = [workshop.build(one, needed if one.name == "kubelet" else ()) for one in debs]
        if name == "kubernetes":
            workshop.repository(built, folder / "kubernetes-unsigned", key)
        workshop.sign(built, key)
        workshop.repository(built, folder / name, key)
        if name == "kubernetes":
            # Signed again, by somebody else; the metadata and the key that is served are right.
            old = [path for path in built if KUBERNETES not in path.name]
            workshop.repository(old, folder / "kubernetes-without", key)
            workshop.sign(built, stranger)
            workshop.repository(built, folder / "kubernetes-stranger", key)
            workshop.sign(built, aged)
            workshop.repository(built, folder / "kubernetes-aged", aged)
            older = [workshop.build(one) for one in kubernetes_debs(OLDER)]
            workshop.sign(older, key)
            workshop.repository(older, folder / "kubernetes-older", key)
            age(aged, folder / "kubernetes-aged")
    workshop.close()
    for one in (key, stranger, aged):
        one.close()
    return Rpms(folder, key.fingerprint, stranger.fingerprint, aged.fingerprint)


def age(key: Signer, folder: Path) -> None:
    """Let the key that a repository serves have ended, and put what its owner made of it then beside it."""
    # gpg takes no end in the past; long before the first test that one is.
    key.ends("seconds=1")
    key.export(folder / "key.asc")
    key.ends("1y")
    key.export(folder / "prolonged.asc")


def cni() -> Deb:
    """The plugins' package, as far as its name and version go."""
    return Deb("kubernetes-cni", "1.9.1-1.1", {"/opt/cni/bin/loopback": "#!/bin/sh\nexit 0\n"})


def oracle_inventory(rpms: Rpms, release: str) -> str:
    """The inventory of a cluster of Oracle Linux, whose repositories are the lab's."""
    repositories = "".join(
        f"    {name}: {{url: 'http://apt.lab.test/rpm/{name}', key_url: 'http://apt.lab.test/rpm/{name}/key.asc', "
        f"key_fingerprints: [{rpms.fingerprint}]}}\n"
        for name in ("kubernetes", "containerd", "tailscale")
    )
    return (
        f"cluster: {{name: lab, waive_machine: [clock]}}\ntailnet: {{version: {TAILSCALE}}}\n"
        "accounts:\n  - {name: alice, subnet: 10.0.0.0/24}\n  - {name: bob, subnet: 10.0.0.0/24}\n"
        f"nodes:\n  - {{name: cp1, account: alice, role: control-plane, {LAB_MACHINE}, os: oracle-{release}}}\n"
        f"  - {{name: w1, account: bob, role: worker, {LAB_MACHINE}, os: oracle-{release}}}\n"
        f"sources:\n  repositories:\n{repositories}"
    )


def place_script(machine: Machine, inventory: str) -> None:
    """Put the rendered script of the worker where its user-data would, its steps up to the tailnet."""
    machine.write(SCRIPT, up_to_the_tailnet(render(inventory).script))
