"""The kubelet runs as planned, after the tailnet, and finds the API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.merging import as_text, merge_values
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.kubernetes import HTTP_STATUS, NO_CONNECTION
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import fields, peer_address, stale, tailnet_address, unit

CONFIG = "/var/lib/kubelet/config.yaml"
JOINED = "control_plane join"
ORDER = "tailscale-online.target"


def asks(plan: Plan) -> Asked:
    """Its configuration, and what it tells callers without credentials."""
    del plan
    return Asked(
        modes=(CONFIG,),
        texts=(CONFIG, "/etc/hosts", "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"),
        commands=(
            Question("kubelet", "ps -ww -C kubelet -o args=", codes=(0, 1)),
            Question("kubelet_anonymous", f"{HTTP_STATUS} https://127.0.0.1:10250/pods", codes=(0, *NO_CONNECTION)),
        ),
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del node
    return {"kubelet": ", ".join(f"{name}: {value}" for name, value in plan.kubelet.items())}


TOPIC = Topic("kubelet", __file__, asks=asks, values=values)


def configuration(machine: Machine) -> dict[str, Any]:
    """The kubelet's configuration file."""
    try:
        found = yaml.safe_load(machine.answers.needed_text(CONFIG))
    except yaml.YAMLError as error:
        raise CannotTell(f"{CONFIG}: {error}") from error
    if not isinstance(found, dict):
        raise CannotTell(f"{CONFIG} holds no configuration")
    return found


@TOPIC.check(step=JOINED)
def the_kubelet_runs_now_and_after_a_boot(machine: Machine) -> None:
    found = unit(machine.answers, "kubelet")
    state = f"{found['ActiveState']}, {found['UnitFileState']}"
    machine.expect(state == "active, enabled", state)


@TOPIC.check()
def the_kubelet_starts_after_the_tailnet(machine: Machine) -> None:
    found = unit(machine.answers, "kubelet")
    absent = [word for word in ("After", "Wants") if ORDER not in found.get(word, "").split()]
    machine.expect(not absent, [f"no {word}={ORDER}" for word in absent])


@TOPIC.check(step=JOINED)
def the_kubelet_is_told_the_tailnet_address(machine: Machine) -> None:
    line = machine.answers.said("kubelet")
    if not line:
        raise CannotTell("the kubelet does not run")
    found = [word for word in line.split() if word.startswith("--node-ip")]
    machine.expect(found == [f"--node-ip={tailnet_address(machine.answers)}"], found or "no --node-ip")


@TOPIC.check(step=JOINED)
def the_kubelet_has_the_planned_configuration(machine: Machine) -> None:
    wanted = merge_values(machine.plan.kubelet, machine.node.kubelet)
    wrong = list(differences(wanted, configuration(machine)))
    machine.expect(
        not wrong,
        [f"{path}: {found}" for path, _, found in wrong],
        "; ".join(f"{path}: {value}" for path, value, _ in wrong),
    )


def differences(wanted: Mapping[str, Any], found: Any, above: str = "") -> list[tuple[str, str, str]]:
    """Path, wanted and found value of what differs; keys that the plan does not have are kubeadm's and the person's."""
    wrong = []
    for name, value in wanted.items():
        below = found.get(name) if isinstance(found, dict) else None
        if isinstance(value, Mapping):
            wrong += differences(value, below, f"{above}{name}.")
        # kubeadm leaves out what is false where that is the default.
        elif as_text(value) != as_text(below) and (value, below) != (False, None):
            wrong.append((f"{above}{name}", as_text(value), as_text(below)))
    return wrong


@TOPIC.check(step=JOINED)
def the_kubelet_has_read_its_latest_configuration(machine: Machine) -> None:
    problems = stale(machine.answers, "kubelet", CONFIG)
    machine.expect(not problems, problems)


@TOPIC.check(step=JOINED)
def the_kubelets_configuration_is_roots_alone(machine: Machine) -> None:
    found = machine.answers.modes(CONFIG).get(CONFIG)
    if found is None:
        raise CannotTell(f"{CONFIG}: is not there")
    machine.expect(found.is_roots_alone, f"{CONFIG} is {found.owner}'s, {found.mode}")


@TOPIC.check(step=JOINED)
def the_kubelet_resolves_names_as_the_cloud_does(machine: Machine) -> None:
    path = configuration(machine).get("resolvConf") or "/etc/resolv.conf"
    servers = [words[1] for words in fields(machine.answers.needed_text(path)) if words[:1] == ["nameserver"]]
    machine.expect(servers, f"{path} names no server")
    found = [server for server in servers if server in {"127.0.0.53", "100.100.100.100"}]
    machine.expect(not found, [f"{path} names {server}" for server in found])


@TOPIC.check(step=JOINED)
def the_kubelet_asks_for_credentials(machine: Machine) -> None:
    code = machine.answers.code("kubelet_anonymous")
    found = machine.answers.said("kubelet_anonymous")
    machine.expect(
        code == 0 and found in {"401", "403"}, f"HTTP {found}" if code == 0 else "nothing answers on port 10250"
    )


@TOPIC.check(step=JOINED)
def the_apis_name_leads_to_the_control_plane(machine: Machine) -> None:
    lines = fields(machine.answers.needed_text("/etc/hosts"))
    found = next((words[0] for words in lines if machine.plan.api_endpoint in words[1:]), "no line of /etc/hosts")
    wanted = control_plane_address(machine)
    machine.expect(found == wanted, found, f"{machine.plan.api_endpoint} is {wanted}")


def control_plane_address(machine: Machine) -> str:
    """The control plane's address in the tailnet, as this machine sees it."""
    if machine.node.is_control_plane:
        return tailnet_address(machine.answers)
    return peer_address(machine, machine.plan.control_plane)
