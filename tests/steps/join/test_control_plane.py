"""Which machine of the tailnet a worker takes for its control plane."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.sandbox import Outcome, Sandbox

OLD: dict[str, Any] = {"TailscaleIPs": ["100.64.0.9"], "Online": False}
PEERS = {
    "an IPv6 address first": [stubs.peer(TailscaleIPs=["fd7a:115c:a1e0::1", stubs.ADDRESS])],
    "of several tags one": [stubs.peer(Tags=["tag:other", "tag:k8s-node"])],
    "in capitals": [stubs.peer(DNSName="CP1.Tail.Test.")],
    "offline": [stubs.peer(Online=False)],
    "one shared in": [stubs.peer(DNSName="cp1.other.test.", **OLD | {"Online": True}), stubs.peer()],
    "one of somebody else": [stubs.peer(Tags=None, **OLD | {"Online": True}), stubs.peer()],
    "a twin that waits for its name": [stubs.peer(DNSName="cp1-1.tail.test.", **OLD | {"Online": True}), stubs.peer()],
    "the other one is offline": [stubs.peer(**OLD), stubs.peer()],
    "no other one is left": [stubs.peer(DNSName="cp1-1.tail.test.")],
}
NO_DNS = {
    "by its hostname": [stubs.peer(DNSName="", HostName="CP1")],
    "online before offline": [stubs.peer(DNSName="", **OLD), stubs.peer(DNSName="")],
}
NONE = {
    "nothing": [],
    "shared in": [stubs.peer(DNSName="cp1.other.test.")],
    "without our tag": [stubs.peer(Tags=["tag:other"])],
    "a longer name": [stubs.peer("cp11")],
}
TWO = {
    "old and new": [stubs.peer(**OLD), stubs.peer(DNSName="cp1-1.tail.test.")],
    "both online": [stubs.peer(**OLD | {"Online": True}), stubs.peer()],
    "both offline": [stubs.peer(**OLD), stubs.peer(Online=False)],
}


def asked(machine: Sandbox, *peers: dict[str, object], health: str = "", magic_dns: bool = True) -> Outcome:
    machine.header |= {"STEPS": ("join",), "KUBERNETES_VERSION": "1.36.3", "KUBEADM_CONFIG": "c", "KUBELET_PATCH": ""}
    machine.header.setdefault("TAILNET_TAGS", ("tag:k8s-node",))
    machine.write("etc/hosts", stubs.HOSTS)
    machine.write("etc/kubernetes/kubelet.conf", "kubelet")
    stubs.stub_tailnet(machine, *peers, own=stubs.OWN_ADDRESS, health=health, magic_dns=magic_dns)
    stubs.stub_systemctl(machine)
    return machine.run("join", environment={"WAIT_LIMIT": "0"})


@pytest.mark.parametrize(
    ("peers", "magic_dns"),
    [*((p, True) for p in PEERS.values()), *((p, False) for p in NO_DNS.values())],
    ids=[*PEERS, *NO_DNS],
)
def test_the_one_is_found(sandbox: Sandbox, peers: list[dict[str, object]], magic_dns: bool) -> None:
    done = asked(sandbox, *peers, magic_dns=magic_dns)
    assert done.levels == ["change", "changed", "summary"], done.log
    assert sandbox.read("etc/hosts") == stubs.ALIAS + stubs.HOSTS


@pytest.mark.parametrize("peers", NONE.values(), ids=NONE)
def test_none_is_taken(sandbox: Sandbox, peers: list[dict[str, object]]) -> None:
    done = asked(sandbox, *peers)
    assert (done.code, sandbox.read("etc/hosts")) == (75, stubs.HOSTS)
    assert "no machine named cp1 with tag:k8s-node in the tailnet" in done.log


@pytest.mark.parametrize("peers", TWO.values(), ids=TWO)
def test_of_two_both_are_named(sandbox: Sandbox, peers: list[dict[str, object]]) -> None:
    done = asked(sandbox, *peers)
    assert (done.code, sandbox.read("etc/hosts")) == (75, stubs.HOSTS)
    assert "several machines are called cp1: 100.64.0.9 100.64.0.1; delete what is not it" in done.log


def test_a_plan_without_tags_asks_for_none(sandbox: Sandbox) -> None:
    sandbox.header["TAILNET_TAGS"] = ()
    done = asked(sandbox, stubs.peer(Tags=None))
    assert done.levels == ["change", "changed", "summary"], done.log


def test_a_locked_tailnet_says_so(sandbox: Sandbox) -> None:
    done = asked(sandbox, health="this node is locked out; it will not have connectivity until it is signed")
    assert "with tag:k8s-node in the tailnet: this node is locked out" in done.log
    assert "the tailnet's policy must show it to this node, and a tailnet lock must have signed both" in done.log
