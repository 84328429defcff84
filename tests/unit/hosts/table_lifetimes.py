"""What can have ended, or ends within a month, in the answers of a host, and what the check of each then finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from meshstrap.plan import NodePlan
from tests.unit.hosts.faults import WORKER, Change, Raw, data, fault, out, warning

NOW = datetime(2026, 11, 23, 20, 40, tzinfo=UTC)
GOOD = NOW + timedelta(days=351)
PRIVATE_CA = "/usr/local/share/ca-certificates/meshstrap.crt"


def end(days: float) -> str:
    """The end of a certificate so many days from now, as openssl prints it."""
    return f"{NOW + timedelta(days=days):%b %d %H:%M:%S %Y} GMT"


def answers(node: NodePlan) -> dict[str, str]:
    """What the commands of a node say where nothing ends soon."""
    kubelets = f"kubelet-client-current.pem notAfter={end(351)}\nkubelet.crt notAfter={end(351)}\n"
    commands = {"kubelet_certificates": kubelets, "private_ca": f"{PRIVATE_CA} notAfter={end(351)}\n"}
    if node.is_control_plane:
        commands["certificates"] = "".join(
            f"/etc/kubernetes/{path} notAfter={end(days)}\n"
            for path, days in (("pki/ca.crt", 3600), ("pki/apiserver.crt", 351), ("admin.conf", 350))
        )
        commands["hubble_certificates"] = f"hubble-server-certs notAfter={end(351)}\ncilium-ca notAfter={end(1000)}\n"
    return commands


def ends(question: str, name: str, days: float) -> Change:
    """A certificate that ends on another day."""

    def edit(raw: Raw) -> None:
        said = raw["commands"][question]["out"].splitlines()
        assert any(line.startswith(f"{name} ") for line in said)
        lines = [f"{name} notAfter={end(days)}" if line.startswith(f"{name} ") else line for line in said]
        raw["commands"][question]["out"] = "\n".join(lines) + "\n"

    return edit


def own(**told: object) -> Change:
    """Another word of tailscaled on this machine."""
    return data("tailnet", lambda status: status["Self"].update(told))


APISERVER, CA = "/etc/kubernetes/pki/apiserver.crt", "/etc/kubernetes/pki/ca.crt"
_STAMP = int(NOW.timestamp())
FAULTS = (
    warning("kubeadms certificates last", ends("certificates", APISERVER, 29.5), f"{APISERVER}: 29.5 days left"),
    warning(
        "kubeadms certificates last", ends("certificates", "/etc/kubernetes/admin.conf", 1), "admin.conf: 1.0 days"
    ),
    fault(
        "lifetimes", "kubeadms certificates last", ends("certificates", APISERVER, -2), f"{APISERVER}: ended 2.0 days"
    ),
    warning("the clusters cas last", ends("certificates", CA, 20), f"{CA}: 20.0 days left"),
    fault("lifetimes", "the clusters cas last", ends("certificates", CA, -1), f"{CA}: ended 1.0 days ago"),
    warning(
        "the kubelets certificates last", ends("kubelet_certificates", "kubelet.crt", 12), "kubelet.crt: 12.0", WORKER
    ),
    fault(
        "lifetimes",
        "the kubelets certificates last",
        ends("kubelet_certificates", "kubelet-client-current.pem", -0.5),
        "kubelet-client-current.pem: ended 0.5 days ago",
    ),
    warning("hubbles certificates last", ends("hubble_certificates", "cilium-ca", 5), "cilium-ca: 5.0 days left"),
    warning("the private ca lasts", ends("private_ca", PRIVATE_CA, 8), "8.0 days left"),
    fault("lifetimes", "the private ca lasts", ends("private_ca", PRIVATE_CA, -1), f"{PRIVATE_CA}: ended 1.0 days ago"),
    warning("the signing keys last", out("keys", f"{_STAMP + 90 * 86400}", f"{_STAMP + 10 * 86400}"), "10.0 days left"),
    fault(
        "lifetimes", "the signing keys last", out("keys", f"{_STAMP + 90 * 86400}", f"{_STAMP - 86400}"), "1.0 days ago"
    ),
    warning("the node key lasts", own(KeyExpiry="2026-11-30T00:00:00Z"), "ends on 2026-11-30T00:00:00Z: 6.1 days left"),
    fault("lifetimes", "the node key lasts", own(Expired=True), "expired"),
)
