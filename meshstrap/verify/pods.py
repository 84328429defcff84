"""What the cluster's verification puts into the cluster for a minute: a pod on each node, and a Service before them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from meshstrap.verify import pod

LIFETIME = 400
"""Seconds after which a pod ends by itself, whoever forgot it."""

_FIELDS = {"NODE": "spec.nodeName", "HOST": "status.hostIP"}


def pod_manifest(node: str, image: str) -> dict[str, Any]:
    """A pod that needs no privilege (Pod Security: restricted), bound to its node past the scheduler."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"probe-{node}", "labels": {"app": "probe"}},
        "spec": {
            "nodeName": node,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIFETIME,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "runAsGroup": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(image)],
        },
    }


def _container(image: str) -> dict[str, Any]:
    return {
        "name": "probe",
        "image": image,
        "command": ["python3", "-c", program(), "serve"],
        "env": [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in _FIELDS.items()],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "readinessProbe": {"httpGet": {"path": "/", "port": pod.HTTP_PORT}, "periodSeconds": 1},
    }


def service_manifest() -> dict[str, Any]:
    """The pods' Service, by ClusterIP and NodePort."""
    ports = [{"port": 80, "targetPort": pod.HTTP_PORT}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "probe"},
        "spec": {"type": "NodePort", "selector": {"app": "probe"}, "ports": ports},
    }


def program() -> str:
    """The source text that pods run."""
    return Path(pod.__file__).read_text(encoding="utf-8")
