"""A node's share of the pod subnet: no share yet, advertised and not approved, approved; and no other route is used."""

from __future__ import annotations

import json

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.sandbox import Sandbox
from tests.shell.service_stubs import stub_systemctl

SUBNET = "10.244.1.0/24"
RULES = (
    "0:\tfrom all lookup local\n5207:\tfrom all to 100.64.0.0/10 lookup 52 proto kernel\n"
    "5208:\tfrom all to 10.244.0.0/16 lookup 52 proto kernel\n5209:\tfrom all goto 5280 proto kernel\n"
    "5210:\tfrom all fwmark 0x80000/0xff0000 lookup main\n5280:\tfrom all nop proto kernel\n"
)
UNREACHABLE = "unreachable 10.244.0.0/16 proto kernel \n"
# What `ip route show match` says of any subnet, and what Cilium has made of its own.
OWN = "default via 10.0.0.1 dev ens3 \nunreachable 10.244.0.0/16 proto kernel \n10.244.1.0/24 dev cilium_host \n"
CILIUM_HOST = "6: cilium_host    inet 10.244.1.7/32 scope global cilium_host\\ valid_lft forever\n"
IP = """
case "$*" in
  *"rule show") cat $S/rules ;;
  *unreachable) cat $S/unreachable ;;
  *address*) cat $S/address ;;
  *) cat $S/routes ;;
esac
"""
TAILSCALE = r"""
case "$*" in
  debug*) cat $S/prefs ;;
  *--json*) cat $S/status ;;
  status) cat $S/peers ;;
  set*) sed -i "s|null|[\"${2#*=}\"]|; s|false|true|" $S/prefs ;;
  *) exit 99 ;;
esac
"""
OWN_LINE = "100.64.0.2  w1  tagged-devices  linux  -\n"
OTHER_LINE = "100.64.0.3  w2  tagged-devices  linux  -\n"


def told(machine: Sandbox, *, advertised: list[str] | None, accepts: bool = True, approved: bool = True) -> None:
    """What tailscaled was told, and what its coordination server says to have approved."""
    prefs = {"AdvertiseRoutes": advertised, "RouteAll": accepts, "NoSNAT": True}
    machine.write("state/prefs", json.dumps(prefs))
    addresses = ["100.64.0.2/32", *([SUBNET] if approved else [])]
    machine.write("state/status", json.dumps({"BackendState": "Running", "Self": {"AllowedIPs": addresses}}))


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A node that has joined, advertises its share and has it approved."""
    sandbox.header |= {"STEPS": ("pod_routes",), "ACCEPT_ROUTES": "true"}
    stub_systemctl(sandbox, "meshstrap-mesh-rule.service")
    sandbox.write("state/rules", RULES)
    sandbox.write("state/unreachable", UNREACHABLE)
    sandbox.write("state/routes", OWN)
    stubs.set_state(sandbox, "api")
    stubs.set_state(sandbox, "subnet", SUBNET)
    told(sandbox, advertised=[SUBNET])
    sandbox.stub("tailscale", stubs.script(sandbox, TAILSCALE))
    sandbox.write("state/address", CILIUM_HOST)
    sandbox.write("state/peers", OWN_LINE)
    # Who has the route answers to an address of this node's pods.
    answers = '[[ "$(cat $S/answers 2>/dev/null)" == "${*: -4:1} ${*: -1}" ]] || exit 28'
    sandbox.stub("curl", stubs.script(sandbox, answers))
    sandbox.stub("ip", stubs.script(sandbox, IP))
    stubs.stub_kubectl(sandbox, '  "get node/w1 --output jsonpath="*) cat $S/subnet ;;')
    return sandbox


def sets(calls: list[str]) -> list[str]:
    return [call for call in calls if call.startswith("tailscale set")]


def test_a_node_whose_share_is_served_is_left_alone(machine: Sandbox) -> None:
    done = machine.run("pod_routes")
    assert (done.code, done.levels) == (0, ["ok", "summary"]), done.log
    assert sets(done.calls) == []
    assert machine.run("pod_routes", check_only=True).code == 0


def test_it_advertises_exactly_its_own_share_and_hides_no_pod_behind_the_node(machine: Sandbox) -> None:
    told(machine, advertised=None, accepts=False)
    assert machine.run("pod_routes", check_only=True).code == 1
    done = machine.run("pod_routes")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert sets(done.calls) == [f"tailscale set --advertise-routes={SUBNET} --accept-routes --snat-subnet-routes=false"]


def test_it_waits_for_a_share(machine: Sandbox) -> None:
    stubs.set_state(machine, "subnet", "")
    done = machine.run("pod_routes", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert "no pod subnet of w1 yet: Kubernetes has given it none yet; what to do: on cp1: kubectl describe" in done.log
    assert sets(done.calls) == []


def test_it_says_who_has_to_approve(machine: Sandbox) -> None:
    told(machine, advertised=[SUBNET], approved=False)
    done = machine.run("pod_routes", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert f"no approval of the route {SUBNET} yet: {SUBNET} is advertised, and not approved" in done.log
    assert "approve it where the tailnet is administrated, or give that the policy of: invoke policy" in done.log


def test_a_route_of_whose_approval_the_node_was_not_told_is_seen_by_another_node_that_answers_through_it(
    machine: Sandbox,
) -> None:
    told(machine, advertised=[SUBNET], approved=False)
    machine.write("state/peers", f"{OWN_LINE}100.64.0.5  old  tagged-devices  linux  offline\n{OTHER_LINE}")
    stubs.set_state(machine, "answers", "10.244.1.7 https://100.64.0.3:10250")
    done = machine.run("pod_routes", check_only=True)
    assert done.code == 0
    assert not any("100.64.0.5" in call for call in done.calls), "who is off is not asked"
    machine.write("state/address", "")
    assert machine.run("pod_routes", check_only=True).code == 1, "without pods of its own it cannot be known"


def test_a_node_that_answers_to_none_of_its_pods_has_no_route(machine: Sandbox) -> None:
    told(machine, advertised=[SUBNET], approved=False)
    machine.write("state/peers", OTHER_LINE)
    stubs.set_state(machine, "answers", "100.64.0.2 https://100.64.0.3:10250")
    assert machine.run("pod_routes", check_only=True).code == 1


@pytest.mark.parametrize(
    ("name", "text"), [("rules", RULES.replace("5208", "5299").split("5209")[0]), ("unreachable", "")]
)
def test_lost_rules_are_made_anew(machine: Sandbox, name: str, text: str) -> None:
    machine.write(f"state/{name}", text)
    done = machine.run("pod_routes", check_only=True)
    assert done.code == 1
    again = machine.run("pod_routes")
    assert any("restart meshstrap-mesh-rule.service" in call for call in again.calls)


def test_a_network_of_the_machines_own_is_no_pod_subnet(machine: Sandbox) -> None:
    told(machine, advertised=None)
    machine.write("state/routes", OWN + "10.244.0.0/20 dev ens3 proto kernel scope link src 10.244.0.9 \n")
    done = machine.run("pod_routes")
    assert done.code == 1
    assert f"this machine has the pod subnet {SUBNET} elsewhere, too: 10.244.0.0/20 dev ens3" in done.log
    assert sets(done.calls) == []


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "ip").unlink()
    done = machine.run("pod_routes")
    assert (done.code, done.levels) == (1, ["error"])
    assert "cannot tell the current state (exit 127)" in done.log
