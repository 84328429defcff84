"""The tasks that reach machines over SSH, as they are typed: like those of ``flags``."""

from __future__ import annotations

from invoke.context import Context

from meshstrap.tasks.people import people_task

HOSTS = "where nodes are, like w1=203.0.113.7,cp1=ubuntu@198.51.100.4; without it by name"
SSH_CONFIG = "an SSH configuration with the nodes as hosts; without it your own"


@people_task(
    word="node",
    node="the node that the machine becomes",
    check="only say whether it can, and what changes there",
    output="a file to copy and run there as root, instead of going there over SSH; it holds the node's secrets",
    hosts=HOSTS,
    ssh_config=SSH_CONFIG,
)
def adopt(
    context: Context,
    node: str | None = None,
    inventory: str = "",
    secrets: str = "",
    check: bool = False,
    output: str = "",
    hosts: str = "",
    ssh_config: str = "",
) -> None:
    """Turn a machine that runs already into NODE, unless what lives there is in the way."""
    from meshstrap.tasks.adoption import adopt as does

    does(
        node=node or "",
        inventory=inventory,
        secrets=secrets,
        check=check,
        output=output,
        hosts=hosts,
        ssh_config=ssh_config,
    )


@people_task(
    once="print it once instead of following; exit 18 when a node gave no answer",
    json="as JSON, for programs: a list with --once, else an object a line for each change",
    hosts=HOSTS,
    ssh_config=SSH_CONFIG,
    pause="seconds between two looks at a node",
)
def watch(
    context: Context,
    inventory: str = "",
    once: bool = False,
    json: bool = False,
    hosts: str = "",
    ssh_config: str = "",
    pause: int = 5,
) -> None:
    """Follow the nodes while they boot, until every one has converged."""
    from meshstrap.tasks.nodes import watch as does

    does(inventory=inventory, once=once, json=json, hosts=hosts, ssh_config=ssh_config, pause=pause)


@people_task(
    iterable=["node"],
    node="NODE to verify, once for each: --node=w1; without it all of them",
    hosts=HOSTS,
    ssh_config=SSH_CONFIG,
    report="a folder to write index.html and junit.xml to",
    json="as JSON, for programs",
    cluster="ask the whole cluster too: from its control plane, through a short-lived pod on each node",
    image="an image with python3 for those pods, instead of the default",
)
def verify(
    context: Context,
    node: list[str],
    inventory: str = "",
    hosts: str = "",
    ssh_config: str = "",
    report: str = "",
    json: bool = False,
    cluster: bool = False,
    image: str = "",
) -> None:
    """Hold every host against the plan over SSH; exit 1 when anything differs, 18 when not all could be asked."""
    from meshstrap.tasks.nodes import verify as does

    does(
        node=node,
        inventory=inventory,
        hosts=hosts,
        ssh_config=ssh_config,
        report=report,
        json=json,
        cluster=cluster,
        image=image,
    )
