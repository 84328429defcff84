"""Arguments and volumes of the control plane's parts: what is known of them, and where they arrive."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from meshstrap.compat.data import facts_of
from meshstrap.errors import InventoryInvalid
from meshstrap.inventory import parse_inventory
from meshstrap.inventory.rules_components import API_SERVER, CONTROLLER_MANAGER, SCHEDULER
from meshstrap.inventory.rules_volumes import TAKEN
from meshstrap.plan import Plan
from meshstrap.rendering import render_documents
from tests.cluster.component_arguments import arguments
from tests.golden.cases import plan_of

HELP = """
Usage:
  kube-scheduler [flags]

Misc flags:

      --config string      The path to the configuration file.
      --leader-elect       Start a leader election.
      --qps float32        Requests a second. (default 50)
      --burst int32        More of them.
                           Values: 1, 2, --not-a-flag.
      --lease duration     How long. (default 15s)
  -v, --v Level            number for the log level verbosity
      --vmodule pattern=N,...   comma-separated
  -h, --help               help for it
      --version version[=true]
"""
NODES = "accounts: [{name: a}]\nnodes: [{name: cp1, account: a, role: control-plane}]\n"
RICH = f"""
cluster:
  name: lab
  api_server:
    arguments: {{event-ttl: 2h, profiling: true}}
    volumes:
      - {{name: oidc, host_path: /etc/oidc, mount_path: /etc/kubernetes/oidc}}
      - {{name: mine, host_path: /srv/a, mount_path: /var/a, read_only: false, path_type: DirectoryOrCreate}}
  controller_manager: {{arguments: {{terminated-pod-gc-threshold: 100}}}}
{NODES}"""


def rendered(plan: Plan) -> dict[str, Any]:
    text = next(
        document.text for document in render_documents(plan, plan.node("cp1")) if document.name == "kubeadm.yaml"
    )
    parts: dict[str, dict[str, Any]] = {part["kind"]: part for part in yaml.safe_load_all(text)}
    return parts["ClusterConfiguration"]


def test_a_program_says_what_it_takes() -> None:
    assert arguments(HELP) == {
        "config": "text",
        "leader-elect": "boolean",
        "qps": "number",
        "burst": "integer",
        "lease": "duration",
        "v": "level",
        "vmodule": "levels",
    }


@pytest.mark.parametrize(
    ("program", "protected"),
    [("kube-apiserver", API_SERVER), ("kube-controller-manager", CONTROLLER_MANAGER), ("kube-scheduler", SCHEDULER)],
)
def test_what_is_protected_and_what_is_set_are_arguments_of_the_program(
    program: str, protected: dict[str, str]
) -> None:
    known = facts_of("arguments", "1.36")[program].keys()
    assert protected.keys() <= known
    assert plan_of(RICH).components[program].arguments.keys() <= known
    assert facts_of("arguments", "1.99") == {}


@pytest.mark.parametrize("name", API_SERVER)
def test_what_the_cluster_stands_on_is_not_the_persons(name: str) -> None:
    text = f"cluster: {{name: lab, api_server: {{arguments: {{{name}: x}}}}}}\n{NODES}"
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(text, "f")
    assert [problem.path for problem in caught.value.problems] == [f"cluster.api_server.arguments.{name}"]


def test_the_persons_arguments_and_volumes_stand_over_ours() -> None:
    plan = plan_of(RICH)
    told = rendered(plan)["apiServer"]
    assert {"name": "event-ttl", "value": "2h"} in told["extraArgs"]
    assert [one["value"] for one in told["extraArgs"] if one["name"] == "profiling"] == ["true"]
    assert told["extraVolumes"][1:] == [
        {"name": "oidc", "hostPath": "/etc/oidc", "mountPath": "/etc/kubernetes/oidc", "readOnly": True},
        {"name": "mine", "hostPath": "/srv/a", "mountPath": "/var/a", "pathType": "DirectoryOrCreate"},
    ]
    assert "extraVolumes" not in rendered(plan)["scheduler"]
    assert [(one.path, one.value, one.ours) for one in plan.overrides] == [
        ("cluster.api_server.arguments.event-ttl", "2h", ""),
        ("cluster.api_server.arguments.profiling", "true", "false"),
        ("cluster.controller_manager.arguments.terminated-pod-gc-threshold", "100", ""),
    ]


def test_a_file_of_ours_is_in_a_volume_and_a_volume_of_ours_is_taken() -> None:
    plan = plan_of(f"cluster: {{name: lab}}\n{NODES}")
    assert {one.mount_path: one.name for one in plan.api_server.volumes}.items() <= TAKEN["api_server"].items()
    files = f"""
cluster:
  name: lab
  api_server: {{arguments: {{audit-policy-file: {plan.api_server.arguments["audit-policy-file"]}, oidc-ca-file: ''}}}}
  controller_manager: {{arguments: {{tls-cert-file: /etc/kubernetes/pki/mine.crt}}}}
  scheduler:
    arguments: {{config: /etc/scheduler/config.yaml}}
    volumes: [{{name: kubeadm, host_path: /srv/scheduler, mount_path: /etc/scheduler}}]
{NODES}"""
    assert plan_of(files).components["kube-scheduler"].arguments["config"] == "/etc/scheduler/config.yaml"
