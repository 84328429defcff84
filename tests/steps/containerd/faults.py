"""What a host answers here where all is well, what can be wrong, and what the check of each then finds."""

from __future__ import annotations

import json

from meshstrap.plan import NodePlan, Plan
from tests.unit.hosts.faults import Raw, data, fault, out, says, touch, unit
from tests.unit.hosts.green import NOW


def answers(plan: Plan, node: NodePlan) -> Raw:
    """What it answers where all is well."""
    del node
    config = f"""
version = 3
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = 'registry.k8s.io/pause:{plan.versions.pause}'
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = true
"""
    ready = {"type": "RuntimeReady", "status": True, "reason": "", "message": ""}
    network = {"type": "NetworkReady", "status": False, "reason": "NetworkPluginNotReady", "message": ""}
    return {
        "texts": {"/etc/containerd/config.toml": "version = 3\n"},
        "commands": {"containerd": config, "cri": json.dumps({"status": {"conditions": [ready, network]}})},
    }


FAULTS = (
    fault(
        "containerd",
        "the runtime answers",
        says("cri", "", 1, "level=fatal\nunknown service runtime.v1.RuntimeService"),
        "unknown service",
    ),
    fault(
        "containerd",
        "the runtime answers",
        data("cri", lambda told: told["status"]["conditions"][0].update(status=False, message="broken")),
        "RuntimeReady: broken",
    ),
    fault(
        "containerd",
        "cgroups are systemds",
        out("containerd", "SystemdCgroup = true", "SystemdCgroup = false"),
        "SystemdCgroup = false",
    ),
    fault(
        "containerd",
        "the sandbox image is pinned",
        out("containerd", "pause:3.10.2", "pause:3.8"),
        "registry.k8s.io/pause:3.8",
    ),
    fault(
        "containerd",
        "containerd has read its latest configuration",
        touch("/etc/containerd/config.toml", NOW - 60),
        "/etc/containerd/config.toml was changed after containerd was started",
    ),
    fault(
        "containerd",
        "containerd has read its latest configuration",
        unit("containerd", "NeedDaemonReload", "yes"),
        "systemd has not read",
    ),
    fault(
        "containerd",
        "containerd has read its latest configuration",
        unit("containerd", "ActiveState", "failed"),
        "containerd is failed",
    ),
    fault("containerd", "containerd starts at every boot", unit("containerd", "UnitFileState", "disabled"), "disabled"),
)
