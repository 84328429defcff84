"""The pictures as Mermaid, for pages that draw it themselves (https://mermaid.js.org)."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.plan.model import Plan
from meshstrap.views.pictures.boot import BootOrder, BootStep, derive_boot_order
from meshstrap.views.pictures.packet import Hop, derive_packet_path
from meshstrap.views.pictures.texts import change_text, hop_place, lane_title, word
from meshstrap.views.pictures.topology import AccountBox, derive_topology

_SAFE = frozenset(" .,/()+-_'±·")


def mermaid_text(text: str) -> str:
    """A text that Mermaid takes as nothing but text: all that is no letter, digit or harmless sign as `#code;`.

    Mermaid reads such codes in every kind of diagram (https://mermaid.js.org/syntax/flowchart.html).
    """
    flat = " ".join(text.split())
    return "".join(letter if letter.isalnum() or letter in _SAFE else f"#{ord(letter)};" for letter in flat)


def mermaid_topology(plan: Plan, language: str) -> str:
    """Accounts as boxes, their nodes, and the tailnet that all of them hang on."""
    topology, network = derive_topology(plan), plan.network
    tailnet = word("tailnet", language, subnet=network.tailnet_subnet, mtu=network.underlay_mtu)
    lines = ["flowchart TB", f'  tailnet(["{mermaid_text(tailnet)}"])']
    for number, account in enumerate(topology.accounts):
        lines += [*_account(account, number, language), f"  tailnet <--> account{number}"]
    if topology.more:
        more = word("more_accounts", language, count=topology.more)
        lines += [f"  {_box('more', more)}", "  tailnet <--> more"]
    server = f"{word('coordination', language)} {topology.coordination}"
    lines.append(f"  {_box('server', server)} -.- tailnet")
    return "\n".join(lines) + "\n"


def _account(account: AccountBox, number: int, language: str) -> Iterator[str]:
    title = " · ".join(text for text in (word("account", language, account=account.name), account.place) if text)
    yield f"  subgraph {_box(f'account{number}', title)}"
    for index, node in enumerate(account.nodes):
        yield f"    {_box(f'node{number}x{index}', f'{node.name} · {word(node.role, language)}')}"
    if account.more:
        yield f"    {_box(f'node{number}more', word('more_nodes', language, count=account.more))}"
    yield "  end"


def _box(identifier: str, *lines: str) -> str:
    """A box of a flowchart; the identifier is ours, never a name of the inventory."""
    return f'{identifier}["{"<br>".join(mermaid_text(line) for line in lines)}"]'


def mermaid_packet(plan: Plan, language: str) -> str:
    """One box a hop; the arrows carry the bytes that come and go."""
    path = derive_packet_path(plan)
    changes = path.changes()
    lines = ["flowchart TB"]
    for number, hop in enumerate(path.hops):
        lines.append(f"  {_box(f'hop{number}', *_hop(hop, language))}")
        if number:
            lines.append(f'  hop{number - 1} -->|"{mermaid_text(change_text(changes[number], language))}"| hop{number}')
    return "\n".join(lines) + "\n"


def _hop(hop: Hop, language: str) -> tuple[str, str, str]:
    packet = hop.packet
    sizes = word("bytes_of", language, size=f"{packet.size:,}", mtu=f"{hop.mtu:,}")
    parts = [f"{header.name} {header.size}" for header in packet.headers]
    parts.append(f"{word(packet.inner, language)} {packet.inner_size:,}")
    place = " · ".join(text for text in (hop_place(hop, language), sizes) if text)
    return word(hop.key, language), place, " + ".join(parts)


def mermaid_boot(plan: Plan, language: str) -> str:
    """A timeline: one section a phase, in it the roles with their steps."""
    order = derive_boot_order(plan)
    lines = ["timeline", f"  title {mermaid_text(word('boot_title', language))}"]
    for phase in dict.fromkeys(step.phase for step in order.steps):
        lines.append(f"  section {mermaid_text(word(phase, language))}")
        steps = [step for step in order.steps if step.phase == phase]
        lines += [line for role in order.nodes if (line := _lane(order, role, steps, plan, language))]
    return "\n".join(lines) + "\n"


def _lane(order: BootOrder, role: str, steps: list[BootStep], plan: Plan, language: str) -> str:
    events = [_event(step, role, plan, language) for step in steps if role in step.roles]
    return f"    {mermaid_text(lane_title(order, role, language))} : {' : '.join(events)}" if events else ""


def _event(step: BootStep, role: str, plan: Plan, language: str) -> str:
    text = step.name
    if role in step.partial:
        text += f" ({word('only_some', language)})"
    if step.wait and role in step.wait.roles:
        text += f", {word(step.wait.key, language, node=plan.control_plane)}"
    return mermaid_text(text)
