"""The machine has the node's name, now and after a boot."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.plan.machines import DNF
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked
from meshstrap.verify.reading import fields, settings


def asks(plan: Plan) -> Asked:
    """The name at boot, and where it is looked up."""
    del plan
    return Asked(texts=("/etc/hostname", "/etc/hosts", "/etc/oci-hostname.conf"))


TOPIC = Topic("machine", __file__, asks=asks)


@TOPIC.check()
def the_hostname_is_the_nodes_name(machine: Machine) -> None:
    found = machine.answers.said("hostname")
    machine.expect(found == machine.node.name, found)


@TOPIC.check()
def the_hostname_is_kept(machine: Machine) -> None:
    at_boot = (machine.answers.text("/etc/hostname") or "").strip()
    machine.expect(at_boot == machine.node.name, f"/etc/hostname says {at_boot or 'nothing'}")
    oracle = machine.answers.text("/etc/oci-hostname.conf")
    if machine.node.family == DNF and oracle is not None:
        kept = dict(settings(oracle)).get("PRESERVE_HOSTINFO", "")
        machine.expect(kept == "2", f"/etc/oci-hostname.conf has PRESERVE_HOSTINFO={kept}, not 2")


@TOPIC.check()
def the_hostname_resolves_without_dns(machine: Machine) -> None:
    lines = fields(machine.answers.needed_text("/etc/hosts"))
    machine.expect(any(machine.node.name in words[1:] for words in lines), "no line of /etc/hosts")
