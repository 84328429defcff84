"""How Kubernetes is asked, and what its objects say, in the form in which it is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netaddr import IPAddress, IPNetwork

from meshstrap.plan.merging import as_text

API = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=15s get --raw"
"""Ask the API server on a control plane; a path follows."""

SYSTEM = "/api/v1/namespaces/kube-system"

HTTP_STATUS = "curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}'"
"""Ask without credentials, for the status alone; a URL follows."""

NO_CONNECTION = (7, 28)
"""curl's exit codes: refused, no answer in time (curl(1), EXIT CODES)."""


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Nested values by dotted path, as texts: ``{"bpf": {"masquerade": True}}`` is ``bpf.masquerade: true``."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = as_text(value)
    return found


def denied_ports(policies: Iterable[Mapping[str, Any]], address: str) -> set[tuple[str, str]]:
    """Protocol and port that cluster-wide policies deny all pods at an address; ``("", "")``: all of them."""
    found: set[tuple[str, str]] = set()
    for policy in policies:
        specs = [policy["spec"]] if policy.get("spec") else policy.get("specs", [])
        for spec in specs:
            if spec.get("endpointSelector") == {}:
                for rule in spec.get("egressDeny", []):
                    found |= _ports(rule) if _is_about(rule, address) else set()
    return found


def _is_about(rule: Mapping[str, Any], address: str) -> bool:
    subnets = [*rule.get("toCIDR", []), *(one["cidr"] for one in rule.get("toCIDRSet", []) if "cidr" in one)]
    return any(IPAddress(address) in IPNetwork(subnet) for subnet in subnets)


def _ports(rule: Mapping[str, Any]) -> set[tuple[str, str]]:
    ports = [port for one in rule.get("toPorts", []) for port in one.get("ports", [])]
    return {(str(port.get("protocol", "ANY")), str(port["port"])) for port in ports} or {("", "")}
