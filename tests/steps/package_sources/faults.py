"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, fault, out, text

KEYS = "https://pkgs.k8s.io/core:/stable:/v1.36/deb/"
KUBERNETES = "/etc/apt/sources.list.d/meshstrap-kubernetes.sources"
OTHER_KEY = "0123456789ABCDEF0123456789ABCDEF01234567"

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
