"""From what a host's programs print to values, shared by several topics. Nothing here knows what is expected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from meshstrap.plan.names import POD_DEVICES, TAILNET_DEVICE
from meshstrap.ssh import machine_name, peers_of
from meshstrap.verify.answers import Answers, CannotTell
from meshstrap.verify.machine import Machine
from meshstrap.verify.netfilter.firewall import Firewall

_SYSTEMD_TIME = "%a %Y-%m-%d %H:%M:%S UTC"
_OPENSSL_TIME = "%b %d %H:%M:%S %Y GMT"
_DAY = 86400


def units(answers: Answers) -> dict[str, dict[str, str]]:
    """Systemd's word on each unit that was asked for, by name without ``.service``."""
    blocks = answers.said("units").split("\n\n")
    told = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return {one["Id"].removesuffix(".service"): one for one in told if "Id" in one}


def unit(answers: Answers, name: str) -> Mapping[str, str]:
    """Systemd's word on one unit."""
    found = units(answers).get(name)
    if found is None:
        raise CannotTell(f"systemd says nothing of {name}")
    return found


def started(told: Mapping[str, str]) -> float:
    """When a unit was started, in seconds since 1970; 0: it was not."""
    text = told.get("ActiveEnterTimestamp", "")
    return datetime.strptime(text, _SYSTEMD_TIME).replace(tzinfo=UTC).timestamp() if text else 0.0


def stale(answers: Answers, name: str, *files: str) -> list[str]:
    """Why a service may run with an older configuration than what is written: empty when it does not."""
    told = unit(answers, name)
    if told["ActiveState"] != "active":
        return [f"{name} is {told['ActiveState']}"]
    begun = started(told)
    # systemd's times are whole seconds.
    newer = [path for path in files if int(answers.changed(path)) > begun]
    problems = [f"{path} was changed after {name} was started" for path in newer]
    return [*problems, "systemd has not read the unit's files again"] if told["NeedDaemonReload"] == "yes" else problems


def interfaces(answers: Answers) -> dict[str, dict[str, Any]]:
    """Every network interface by name, as ``ip -json address`` tells it."""
    return {one["ifname"]: one for one in answers.data("addresses") if "ifname" in one}


def tailnet_addresses(answers: Answers) -> list[str]:
    """The IPv4 addresses that tailscale0 carries now."""
    return addresses(answers, TAILNET_DEVICE)


def addresses(answers: Answers, device: str) -> list[str]:
    """The IPv4 addresses that an interface carries now."""
    found = interfaces(answers).get(device, {}).get("addr_info", [])
    return [one["local"] for one in found if one.get("family") == "inet"]


def tailnet_address(answers: Answers) -> str:
    """The one address of tailscale0; what hangs on it cannot be told without."""
    found = tailnet_addresses(answers)
    if len(found) != 1:
        raise CannotTell(f"{TAILNET_DEVICE} carries {', '.join(found) or 'no address'}")
    return found[0]


def own_name(itself: Mapping[str, Any]) -> str:
    """What a machine is called in its tailnet."""
    return machine_name(itself)


def peer_address(machine: Machine, name: str) -> str:
    """A node's address in the tailnet, as this machine sees it."""
    found = peers_of(machine.answers.data("tailnet"), machine.plan.tags).get(name, [])
    if not found:
        raise CannotTell(f"no machine named {name} with {' or '.join(machine.plan.tags) or 'any tag'} in the tailnet")
    if len(found) > 1:
        raise CannotTell(f"{' and '.join(one.address for one in found)} are both called {name} in the tailnet")
    return found[0].address


def filter_rules(text: str, chain: str) -> list[str]:
    """The rules of a chain of the table filter, in order, as iptables-save writes them, without counters.

    Without a chain's name: of all chains.
    """
    table = text.partition("*filter\n")[2].partition("\nCOMMIT")[0]
    plain = (re.sub(r"^\[\d+:\d+\] ", "", line).rstrip() for line in table.splitlines())
    return [line for line in plain if line.startswith(f"-A {chain}{chain and ' '}")]


def host_firewall(answers: Answers) -> Firewall:
    """The host's packet filter, whole."""
    nft = answers.data("nft") if answers.code("nft") == 0 else None
    six = answers.said("ip6tables") if answers.code("ip6tables") == 0 else ""
    return Firewall.of(answers.said("iptables"), nft, six)


def cards(answers: Answers) -> list[str]:
    """The interfaces that lead out of the machine: those with an address, but for the tailnet's and Cilium's."""
    ours = ("lo", TAILNET_DEVICE, *(device.rstrip("+") for device in POD_DEVICES))
    return [name for name, told in interfaces(answers).items() if told.get("addr_info") and not name.startswith(ours)]


def settings(text: str) -> Iterator[tuple[str, str]]:
    """``key = value`` lines of a sysctl.d file, in order; a minus sign before the key only silences errors."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", ";")):
            yield name.strip().removeprefix("-").replace("/", "."), value.strip()


def fields(text: str) -> list[list[str]]:
    """The lines of a table such as fstab or hosts, without comments, by words."""
    return [line.partition("#")[0].split() for line in text.splitlines() if line.partition("#")[0].strip()]


def days_left(answers: Answers, not_after: str) -> float:
    """Days until a certificate ends; ``not_after`` as openssl prints it, with or without ``notAfter=``."""
    text = not_after.removeprefix("notAfter=").strip()
    try:
        end = datetime.strptime(" ".join(text.split()), _OPENSSL_TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise CannotTell(f"no date: {text!r}") from error
    return (end.timestamp() - float(answers.said("now"))) / _DAY


def difference(name: str, found: object, wanted: object) -> list[str]:
    """One line when two values differ."""
    return [] if found == wanted else [f"{name} is {found}, not {wanted}"]


def same(machine: Machine, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Expect the wanted values; what was found differs by these."""
    __tracebackhide__ = True
    lines = [line for name, value in wanted.items() for line in difference(name, found.get(name), value)]
    machine.expect(not lines, lines)


def is_newer(found: str, planned: str) -> bool:
    """Whether a version comes after the planned one, which may end in ``*``: by their numbers, as all of ours are made.

    A package's revision counts: ``1.36.3-2.1`` comes after ``1.36.3-1.1``.
    """

    def numbers(version: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", version)]

    return numbers(found) > numbers(planned)
