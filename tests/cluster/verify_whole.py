"""Faults that only the whole cluster shows, each seeded on a living one, and the checks that have to see them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .cluster import Cluster

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
SYSTEM = f"{KUBECTL} --namespace kube-system"
POLICY = "ciliumclusterwidenetworkpolicy/lab-fault"
IMAGE = "IMAGE"


def always(_: Cluster) -> bool:
    """It holds at once."""
    return True


@dataclass(frozen=True, kw_only=True)
class WholeFault:
    """``seen_by``: id of each check that has to see it → words of what it found. Both scripts are bash."""

    name: str
    seen_by: Mapping[str, str]
    script: str
    mending: str
    host: str = "cp1"
    has_come: Callable[[Cluster], bool] = field(default=always)
    has_gone: Callable[[Cluster], bool] = field(default=always)

    def breaking(self, image: str) -> str:
        """The script, with the image that the lab has."""
        return self.script.replace(IMAGE, image)

    def __str__(self) -> str:
        return self.name


def readiness(name: str, wanted: str) -> Callable[[Cluster], bool]:
    """Whether a node's condition Ready says so."""

    def look(cluster: Cluster) -> bool:
        (node,) = cluster.objects("node", name)
        return any(one["type"] == "Ready" and one["status"] == wanted for one in node["status"]["conditions"])

    return look


def resolvers(wanted: bool) -> Callable[[Cluster], bool]:
    """Whether CoreDNS has pods that answer."""

    def look(cluster: Cluster) -> bool:
        (deployment,) = cluster.objects("--namespace", "kube-system", "deployment", "coredns")
        pods = cluster.objects("--namespace", "kube-system", "pods", "--selector", "k8s-app=kube-dns")
        return bool(deployment["status"].get("availableReplicas", 0)) == wanted and bool(pods) == wanted

    return look


def no_proxies(cluster: Cluster) -> bool:
    """Whether the proxies are gone, their pods as well."""
    return not cluster.objects("--namespace", "kube-system", "pods", "--selector", "app=lab-proxy")


def denying(spec: Mapping[str, object]) -> tuple[str, str]:
    """Apply a policy for the verification's pods, and take it away."""
    selector = {"matchLabels": {"app": "probe"}}
    policy = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": {"name": "lab-fault"},
        # Denying rules alone: with them, everything else stays allowed.
        "spec": {"endpointSelector": selector, "enableDefaultDeny": {"egress": False, "ingress": False}, **spec},
    }
    return f"{KUBECTL} apply -f - <<'END'\n{json.dumps(policy)}\nEND", f"{KUBECTL} delete {POLICY}"


PROXY = json.dumps(
    {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": {"app": "lab-proxy"}},
            "template": {
                "metadata": {"labels": {"app": "lab-proxy"}},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "proxy", "image": IMAGE, "command": ["sleep", "1000"]}],
                },
            },
        },
    }
)
ECHO = {"ports": [{"port": "8081", "protocol": "UDP"}]}
WEB = {"ports": [{"port": "8080", "protocol": "TCP"}]}
KUBELETS = {"ports": [{"port": "10250", "protocol": "TCP"}]}
NAMES = {"ports": [{"port": "53", "protocol": "UDP"}]}
NO_ECHO = denying({"ingressDeny": [{"fromEntities": ["all"], "toPorts": [ECHO]}]})
NO_WEB = denying({"ingressDeny": [{"fromEndpoints": [{"matchLabels": {"app": "probe"}}], "toPorts": [WEB]}]})
NO_NODES = denying({"ingressDeny": [{"fromEntities": ["remote-node"], "toPorts": [WEB]}]})
NO_KUBELET = denying({"egressDeny": [{"toEntities": ["host"], "toPorts": [KUBELETS]}]})
NO_RESOLVER = denying({"egressDeny": [{"toCIDR": ["169.254.169.254/32"], "toPorts": [NAMES]}]})

WHOLE = (
    WholeFault(
        name="kubelet stopped",
        seen_by={"cluster.every_node_is_ready_by_its_tailnet_address": "w2 is not Ready"},
        script="systemctl stop kubelet",
        mending="systemctl start kubelet",
        host="w2",
        has_come=readiness("w2", "Unknown"),
        has_gone=readiness("w2", "True"),
    ),
    WholeFault(
        name="kube-proxy present",
        seen_by={"cluster.no_kube_proxy_is_anywhere": "kube-proxy"},
        script=f"{KUBECTL} apply -f - <<'END'\n{PROXY}\nEND",
        mending=f"{SYSTEM} delete daemonset kube-proxy",
        has_gone=no_proxies,
    ),
    WholeFault(
        name="CoreDNS scaled to none",
        seen_by={
            "cluster.pods_resolve_names_of_the_cluster": "cp1: ",
            "cluster.pods_resolve_names_of_the_world": "w1: ",
        },
        script=f"{SYSTEM} scale deployment coredns --replicas=0",
        mending=f"{SYSTEM} scale deployment coredns --replicas=2",
        has_come=resolvers(wanted=False),
        has_gone=resolvers(wanted=True),
    ),
    WholeFault(
        name="a policy that drops packets",
        seen_by={"cluster.pods_reach_each_other_at_exactly_the_pod_mtu": "w1 to w2: no answer"},
        script=NO_ECHO[0],
        mending=NO_ECHO[1],
    ),
    WholeFault(
        name="a policy between pods",
        seen_by={
            "cluster.much_gets_through_in_both_directions": "w1 to w2: timed out",
            "cluster.a_service_leads_to_every_node_from_every_pod": "timed out",
        },
        script=NO_WEB[0],
        mending=NO_WEB[1],
    ),
    WholeFault(
        name="a policy against nodes",
        seen_by={"cluster.every_node_answers_at_a_node_port": "timed out"},
        script=NO_NODES[0],
        mending=NO_NODES[1],
    ),
    WholeFault(
        name="a policy against kubelets",
        seen_by={"cluster.pods_reach_the_kubelet_of_their_own_node": "timed out"},
        script=NO_KUBELET[0],
        mending=NO_KUBELET[1],
    ),
    WholeFault(
        name="a policy against the name server",
        seen_by={"cluster.pods_resolve_through_the_clouds_name_server": "timed out"},
        script=NO_RESOLVER[0],
        mending=NO_RESOLVER[1],
    ),
    WholeFault(
        name="the policy for the metadata service deleted",
        seen_by={"cluster.no_pod_reaches_the_metadata_service": "it connects"},
        script=f"{KUBECTL} delete ciliumclusterwidenetworkpolicy meshstrap-no-metadata",
        mending="bash /opt/meshstrap/bootstrap.sh --only cluster_policies",
    ),
    WholeFault(
        name="tailscaled stopped",
        seen_by={
            "cluster.every_node_is_ready_by_its_tailnet_address": "w2 is not Ready",
            "cluster.every_other_node_answers_through_the_tailnet": "w2: ",
        },
        script="systemctl stop tailscaled",
        mending="systemctl start tailscaled",
        host="w2",
        has_come=readiness("w2", "Unknown"),
        has_gone=readiness("w2", "True"),
    ),
)
