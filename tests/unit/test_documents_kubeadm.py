"""kubeadm's documents against the fields that v1beta4 knows, and against what the cluster needs of them.

kubeadm refuses a field that it does not know, but only on the machine; here the fields are held to a table. Source:
https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ (read 2026-11).
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from meshstrap.plan import Plan
from meshstrap.plan.network import NODE_POD_PREFIX
from meshstrap.rendering import render_documents
from tests.golden.cases import SYSTEMS, example_plan, plan_of, system_plan

TEXT, NUMBER, FLAG = str, int, bool
ARGUMENTS = [{"name": TEXT, "value": TEXT}]
REGISTRATION = {
    "name": TEXT,
    "criSocket": TEXT,
    "imagePullPolicy": TEXT,
    "imagePullSerial": FLAG,
    "ignorePreflightErrors": [TEXT],
    "kubeletExtraArgs": ARGUMENTS,
    "taints": [{"key": TEXT, "value": TEXT, "effect": TEXT}],
}
TIMEOUTS = dict.fromkeys(
    (
        *("controlPlaneComponentHealthCheck", "discovery", "etcdAPICall", "kubeletHealthCheck"),
        *("kubernetesAPICall", "tlsBootstrap", "upgradeManifests"),
    ),
    TEXT,
)
ENDPOINT = {"advertiseAddress": TEXT, "bindPort": NUMBER}
VOLUME = {"name": TEXT, "hostPath": TEXT, "mountPath": TEXT, "readOnly": FLAG, "pathType": TEXT}
COMPONENT = {"extraArgs": ARGUMENTS, "extraEnvs": [{}], "extraVolumes": [VOLUME]}
FIELDS: dict[str, dict[str, Any]] = {
    "InitConfiguration": {
        "bootstrapTokens": [{"token": TEXT, "ttl": TEXT, "expires": TEXT, "usages": [TEXT], "groups": [TEXT]}],
        "certificateKey": TEXT,
        "dryRun": FLAG,
        "localAPIEndpoint": ENDPOINT,
        "nodeRegistration": REGISTRATION,
        "patches": {"directory": TEXT},
        "skipPhases": [TEXT],
        "timeouts": TIMEOUTS,
    },
    "ClusterConfiguration": {
        "apiServer": {**COMPONENT, "certSANs": [TEXT]},
        "caCertificateValidityPeriod": TEXT,
        "certificateValidityPeriod": TEXT,
        "certificatesDir": TEXT,
        "clusterName": TEXT,
        "controlPlaneEndpoint": TEXT,
        "controllerManager": COMPONENT,
        "dns": {"disabled": FLAG},
        "encryptionAlgorithm": TEXT,
        "etcd": {"local": {}},
        "featureGates": {},
        "imageRepository": TEXT,
        "kubernetesVersion": TEXT,
        "networking": {"dnsDomain": TEXT, "podSubnet": TEXT, "serviceSubnet": TEXT},
        "proxy": {"disabled": FLAG},
        "scheduler": COMPONENT,
    },
    "JoinConfiguration": {
        "caCertPath": TEXT,
        "discovery": {
            "bootstrapToken": {
                "apiServerEndpoint": TEXT,
                "caCertHashes": [TEXT],
                "token": TEXT,
                "unsafeSkipCAVerification": FLAG,
            },
            "tlsBootstrapToken": TEXT,
        },
        "nodeRegistration": REGISTRATION,
        "patches": {"directory": TEXT},
        "skipPhases": [TEXT],
        "timeouts": TIMEOUTS,
    },
}

RICH = """
cluster:
  name: lab
  ca_cert_hash: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  kubelet: {maxPods: 60}
  waive_preflight: [NumCPU]
accounts: [{name: a}]
nodes:
  - {name: cp1, account: a, role: control-plane, taints: [], labels: {y: "y", example.com/n: "1e3"}}
  - {name: w1, account: a, role: worker, taints: ['dedicated=a:NoSchedule', 'x:NoExecute'], kubelet: {maxPods: 20}}
"""
PLANS = [example_plan(), plan_of(RICH), *(system_plan(system) for system in SYSTEMS)]


def documents(plan: Plan, name: str) -> dict[str, dict[str, Any]]:
    """The parts of a node's kubeadm.yaml by kind."""
    text = next(
        document.text for document in render_documents(plan, plan.node(name)) if document.name == "kubeadm.yaml"
    )
    return {part["kind"]: part for part in yaml.safe_load_all(text)}


def complaints(value: Any, expected: Any, path: str) -> list[str]:
    """Where a value has a field that is not in the table, or another type."""
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            return [f"{path}: not a mapping"]
        return [
            complaint
            for key, item in value.items()
            for complaint in (
                complaints(item, expected[key], f"{path}.{key}") if key in expected else [f"{path}.{key}: unknown"]
            )
        ]
    if isinstance(expected, list):
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [complaint for item in value for complaint in complaints(item, expected[0], f"{path}[]")]
    return [] if type(value) is expected else [f"{path}: {value!r} is no {expected.__name__}"]


@pytest.mark.parametrize("plan", PLANS)
def test_only_known_fields_of_the_right_type(plan: Plan) -> None:
    for node in plan.nodes:
        for kind, part in documents(plan, node.name).items():
            if kind == "KubeletConfiguration":
                assert part.pop("apiVersion") == "kubelet.config.k8s.io/v1beta1"
                continue
            assert part.pop("apiVersion") == "kubeadm.k8s.io/v1beta4"
            del part["kind"]
            assert complaints(part, FIELDS[kind], kind) == []


@pytest.mark.parametrize("plan", PLANS)
def test_each_role_has_its_kinds(plan: Plan) -> None:
    for node in plan.nodes:
        kinds = list(documents(plan, node.name))
        expected = ["InitConfiguration", "ClusterConfiguration", "KubeletConfiguration"]
        assert kinds == (expected if node.is_control_plane else ["JoinConfiguration"])


def test_kubeadm_leaves_no_token_that_lives() -> None:
    part = documents(example_plan(), "cp1")["InitConfiguration"]
    assert part["bootstrapTokens"] == [{"ttl": "1m0s"}]
    assert part["skipPhases"] == ["show-join-command"]


def test_everything_lives_at_the_tailnet_address() -> None:
    parts = documents(example_plan(), "cp1")
    assert parts["InitConfiguration"]["localAPIEndpoint"] == {
        "advertiseAddress": "__TAILNET_ADDRESS__",
        "bindPort": 6443,
    }
    assert parts["ClusterConfiguration"]["controlPlaneEndpoint"] == "k8s-api.internal:6443"
    for node, kind in (("cp1", "InitConfiguration"), ("w1", "JoinConfiguration")):
        arguments = documents(example_plan(), node)[kind]["nodeRegistration"]["kubeletExtraArgs"]
        assert {"name": "node-ip", "value": "__TAILNET_ADDRESS__"} in arguments


def test_the_cluster_is_the_plans() -> None:
    part = documents(example_plan(), "cp1")["ClusterConfiguration"]
    assert part["proxy"] == {"disabled": True}
    assert part["kubernetesVersion"] == "v1.36.3"
    assert part["networking"] == {
        "podSubnet": "10.244.0.0/16",
        "serviceSubnet": "10.96.0.0/16",
    }
    # Each node's share is kube-controller-manager's own default, and no other is told.
    assert NODE_POD_PREFIX == 24
    assert "node-cidr-mask-size" not in _told(part["controllerManager"])


def test_what_kubernetes_leaves_open_is_closed() -> None:
    part = documents(example_plan(), "cp1")["ClusterConfiguration"]
    told = {name: _told(part[name]) for name in ("apiServer", "controllerManager", "scheduler")}
    assert {one["profiling"] for one in told.values()} == {"false"}
    assert told["apiServer"]["service-account-extend-token-expiration"] == "false"
    kubelet = documents(example_plan(), "cp1")["KubeletConfiguration"]
    assert (kubelet["seccompDefault"], kubelet["podPidsLimit"]) == (True, 4096)
    assert kubelet["tlsMinVersion"] == told["apiServer"]["tls-min-version"] == "VersionTLS12"
    assert ",".join(kubelet["tlsCipherSuites"]) == told["apiServer"]["tls-cipher-suites"]


def test_who_did_what_is_written_down_in_bounded_files() -> None:
    part = documents(example_plan(), "cp1")["ClusterConfiguration"]["apiServer"]
    told = _told(part)
    files = [int(told[f"audit-log-{name}"]) for name in ("maxage", "maxbackup", "maxsize")]
    # The least that CIS 1.12 asks for: 1.2.17 to 1.2.19.
    assert files == [30, 10, 100]
    (volume,) = part["extraVolumes"]
    assert told["audit-log-path"].startswith(f"{volume['mountPath']}/")
    assert "readOnly" not in volume
    policy = next(
        one.text for one in render_documents(example_plan(), example_plan().node("cp1")) if one.name == "audit.yaml"
    )
    assert {rule["level"] for rule in yaml.safe_load(policy)["rules"]} == {"None", "Metadata"}


def test_pod_security_warns_and_refuses_nothing() -> None:
    told = _told(documents(example_plan(), "cp1")["ClusterConfiguration"]["apiServer"])
    assert told["admission-control-config-file"] == "/etc/kubernetes/pki/admission.yaml"
    found = render_documents(example_plan(), example_plan().node("cp1"))
    text = next(one.text for one in found if one.name == "admission.yaml")
    (plugin,) = yaml.safe_load(text)["plugins"]
    assert plugin["name"] == "PodSecurity"
    # What is not named is "privileged": https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-admission-controller
    assert plugin["configuration"]["defaults"] == {"warn": "baseline", "audit": "baseline"}
    assert plugin["configuration"]["exemptions"] == {"namespaces": ["kube-system"]}


def _told(component: dict[str, Any]) -> dict[str, str]:
    return {argument["name"]: argument["value"] for argument in component["extraArgs"]}


def test_the_line_that_the_control_plane_step_writes_behind() -> None:
    """scripts/steps/control_plane/step.sh puts ``certificatesDir`` behind this line."""
    text = render_documents(example_plan(), example_plan().node("cp1"))
    kubeadm = next(document.text for document in text if document.name == "kubeadm.yaml")
    assert kubeadm.count("\nkind: ClusterConfiguration\n") == 1


@pytest.mark.parametrize("address", ["100.64.0.1", "100.127.255.254"])
def test_any_address_and_token_fill_their_places_as_text(address: str) -> None:
    plan = plan_of(RICH)
    for node in plan.nodes:
        for document in render_documents(plan, node):
            text = document.text.replace("__TAILNET_ADDRESS__", address)
            text = text.replace("__BOOTSTRAP_TOKEN__", "123456.0123456789012345")
            if document.name == "kubeadm.yaml" and not node.is_control_plane:
                assert yaml.safe_load(text)["discovery"]["bootstrapToken"]["token"] == "123456.0123456789012345"
            assert "__" not in text


def test_workers_pin_the_ca_once_it_is_known() -> None:
    before = documents(example_plan(), "w1")["JoinConfiguration"]["discovery"]["bootstrapToken"]
    after = documents(plan_of(RICH), "w1")["JoinConfiguration"]["discovery"]["bootstrapToken"]
    assert before["unsafeSkipCAVerification"] is True
    assert "caCertHashes" not in before
    assert after["caCertHashes"] == [plan_of(RICH).ca_cert_hash]
    assert "unsafeSkipCAVerification" not in after


def test_taints_absent_empty_and_given() -> None:
    assert "taints" not in documents(system_plan("debian-12"), "cp1")["InitConfiguration"]["nodeRegistration"]
    plan = plan_of(RICH)
    assert documents(plan, "cp1")["InitConfiguration"]["nodeRegistration"]["taints"] == []
    assert documents(plan, "w1")["JoinConfiguration"]["nodeRegistration"]["taints"] == [
        {"key": "dedicated", "value": "a", "effect": "NoSchedule"},
        {"key": "x", "effect": "NoExecute"},
    ]


def test_labels_and_waivers() -> None:
    registration = documents(plan_of(RICH), "cp1")["InitConfiguration"]["nodeRegistration"]
    assert {"name": "node-labels", "value": "y=y,example.com/n=1e3"} in registration["kubeletExtraArgs"]
    assert registration["ignorePreflightErrors"] == ["NumCPU"]
    assert "ignorePreflightErrors" not in documents(example_plan(), "cp1")["InitConfiguration"]["nodeRegistration"]


def test_kubelet_fields_of_the_cluster_and_of_one_node() -> None:
    plan = plan_of(RICH)
    assert documents(plan, "cp1")["KubeletConfiguration"]["maxPods"] == 60
    assert "resolvConf" not in documents(plan, "cp1")["KubeletConfiguration"]
    patches = [document for document in render_documents(plan, plan.node("w1")) if document.variable == "KUBELET_PATCH"]
    assert [yaml.safe_load(patch.text)["maxPods"] for patch in patches] == [20]
    assert documents(plan, "w1")["JoinConfiguration"]["patches"] == {"directory": "/etc/meshstrap/patches"}
    assert "patches" not in documents(plan, "cp1")["InitConfiguration"]
    assert all(document.variable != "KUBELET_PATCH" for document in render_documents(plan, plan.node("cp1")))
