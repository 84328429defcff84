"""A plan whose names try to break out of HTML, SVG and Mermaid: no inventory gets that far, and still nothing may."""

from __future__ import annotations

from dataclasses import replace

from meshstrap.plan import Plan
from tests.golden.cases import example_plan

BREAKING_OUT = (
    '"><script>window.got = 1</script>',
    "'><img src=x onerror='window.got=1'>",
    "</textarea></style></script><script>window.got=1</script>",
    '"] --> x["`**y**`"]; click x call window.got(); %%{init: {"securityLevel": "loose"}}%%',
    "a\nend\nclick node0x0 href javascript:window.got=1",
    "\x01\x07\x1b]0;x\x07\u202e\ufffe",
    "{{ 7 * 7 }} {cluster} &amp; ]]> <!-- #quot; : section",
)


def hostile_plan(word: str) -> Plan:
    """The example with the word in every place that takes free text on its way to a person."""
    plan = example_plan()
    names = {node.name: f"{node.name}{word}" for node in plan.nodes}
    return replace(
        plan,
        name=word,
        control_plane=names[plan.control_plane],
        login_server=f"https://{word}",
        accounts=tuple(
            replace(
                account, name=f"{account.name}{word}", region=word, nodes=tuple(names[node] for node in account.nodes)
            )
            for account in plan.accounts
        ),
        nodes=tuple(
            replace(node, name=names[node.name], account=f"{node.account}{word}", region=word, login_user=word)
            for node in plan.nodes
        ),
    )
