"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import WORKER, Raw, fault, out, put, text
from tests.unit.hosts.green import NOW

KEYS = "https://pkgs.k8s.io/core:/stable:/v1.36/deb/"
KUBERNETES = "/etc/apt/sources.list.d/meshstrap-kubernetes.sources"
TAILSCALES = (
    "# Tailscale packages for ubuntu noble\n"
    "deb [signed-by=/usr/share/keyrings/tailscale-archive-keyring.gpg] "
    "https://pkgs.tailscale.com/stable/ubuntu noble main\n"
)
DOCKERS = (
    "[docker-ce-stable]\nname=Docker CE Stable - $basearch\nenabled=1\ngpgcheck=1\n"
    "baseurl=https://download.docker.com/linux/centos/$releasever/$basearch/stable\n"
    "gpgkey=https://download.docker.com/linux/centos/gpg\n"
)
OTHER_KEY = "0123456789ABCDEF0123456789ABCDEF01234567"


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del plan
    is_apt = node.family == "apt"
    folder, keys = "/etc/apt/keyrings" if is_apt else "/etc/pki/rpm-gpg", ""
    for one in node.repositories:
        name = "docker" if is_apt and one.name == "containerd" else f"meshstrap-{one.name}"
        keys += f"== {folder}/{name}.asc\npub:-:4096:1:AB:1:{int(NOW) + 90 * 86400}::-:::scSC::::::23::0:\n"
        keys += f"fpr:::::::::{one.key_fingerprints[0]}:\n"
        keys += "sub:-:4096:1:CD:1:2:::::s::::::23:\nfpr:::::::::0123456789ABCDEF0123456789ABCDEF01234567:\n"
    return {"texts": _APT if is_apt else _dnf(node), "commands": {"keys": keys}}


_APT = {
    "/etc/apt/sources.list": "# the image's\ndeb http://ports.ubuntu.com/ubuntu-ports noble main\n",
    "/etc/apt/sources.list.d/meshstrap-kubernetes.sources": "Types: deb\n"
    "URIs: https://pkgs.k8s.io/core:/stable:/v1.36/deb/\nSuites: /\nArchitectures: arm64\n"
    "Signed-By: /etc/apt/keyrings/meshstrap-kubernetes.asc\n",
    "/etc/apt/sources.list.d/docker.list": "deb [arch=arm64 signed-by=/etc/apt/keyrings/docker.asc] "
    "https://download.docker.com/linux/ubuntu noble stable\n",
    "/etc/apt/sources.list.d/meshstrap-tailscale.sources": "Types: deb\n"
    "URIs: https://pkgs.tailscale.com/stable/ubuntu\nSuites: noble\nComponents: main\n"
    "Signed-By: /etc/apt/keyrings/meshstrap-tailscale.asc\n",
}


def _dnf(node: NodePlan) -> dict[str, str]:
    return {
        f"/etc/yum.repos.d/meshstrap-{one.name}.repo": f"[meshstrap-{one.name}]\nbaseurl={one.url}\nenabled=1\n"
        f"gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/meshstrap-{one.name}.asc\nexcludepkgs={','.join(one.packages)}\n"
        for one in node.repositories
    }


FAULTS = (
    fault(
        "packages",
        "packages come from the planned repositories",
        text(KUBERNETES, KEYS, "http://elsewhere.example.net/"),
        "kubernetes",
    ),
    fault(
        "packages",
        "packages come from the planned repositories",
        text(KUBERNETES, "Types:", "Enabled: no\nTypes:"),
        "not configured, or switched off: kubernetes",
    ),
    # As Tailscale's install script writes it.
    fault(
        "packages",
        "no other source offers the same packages",
        put("/etc/apt/sources.list.d/tailscale.list", TAILSCALES),
        "tailscale also in /etc/apt/sources.list.d/tailscale.list",
    ),
    # As Docker's instructions for CentOS have it, which people follow on Oracle Linux.
    fault(
        "packages",
        "no other source offers the same packages",
        put("/etc/yum.repos.d/docker-ce.repo", DOCKERS),
        "containerd also in /etc/yum.repos.d/docker-ce.repo",
        WORKER,
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        out("keys", "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", OTHER_KEY),
        f"containerd is bound to {OTHER_KEY}",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        text("/etc/apt/sources.list.d/docker.list", " signed-by=/etc/apt/keyrings/docker.asc", " trusted=yes"),
        "containerd is bound to no key",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        text(KUBERNETES, "meshstrap-kubernetes.asc", "gone.asc"),
        "kubernetes: no key in /etc/apt/keyrings/gone.asc",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        text("/etc/yum.repos.d/meshstrap-tailscale.repo", "gpgcheck=1", "gpgcheck=0"),
        "tailscale is bound to no key",
        WORKER,
    ),
)
