"""Every task as it is typed: its flags, and what ``--help`` says of it; those that reach nodes are in ``node_flags``.

What a task does is imported once it runs: ``--help`` and ``--list`` need none of it, and answer at once.
"""

from __future__ import annotations

from invoke.context import Context

from meshstrap.tasks.people import people_task

LIFETIME = "24h"
"""How long a new bootstrap token lasts, unless ``--lifetime`` says otherwise."""


@people_task(
    iterable=["node", "volume"],
    name="the cluster's name",
    volume="NODE that has a data volume, once for each: --volume=w1; without it none has one",
    node="NAME:ROLE:ACCOUNT[:OS], once for each node: --node=cp1:control-plane:alice",
    login_server="URL of a Headscale server; without it Tailscale's own",
    inventory="the file to write; without it cluster.yaml",
    ssh_key="the public key that you will give the cloud, a .pub file; without it one of ~/.ssh",
)
def init(
    context: Context,
    node: list[str],
    volume: list[str],
    inventory: str = "",
    name: str = "",
    login_server: str = "",
    ssh_key: str = "",
) -> None:
    """Write a commented cluster.yaml to start from; on a terminal what is not given is asked for."""
    from meshstrap.tasks.inventory import init as does

    does(node=node, volume=volume, inventory=inventory, name=name, login_server=login_server, ssh_key=ssh_key)


@people_task(json="as JSON, for programs", output="a file to write it to; without it, or with -, the terminal")
def plan(context: Context, inventory: str = "", output: str = "", json: bool = False) -> None:
    """Show everything that follows from the inventory, and why."""
    from meshstrap.tasks.inventory import plan as does

    does(inventory=inventory, output=output, json=json)


@people_task(
    beside="a policy that is there already: shows what it lacks, and writes nothing",
    output="a file to write it to; without it, or with -, the terminal",
    lang="en or ko, the language of the reasons; without it that of your locale",
)
def policy(context: Context, inventory: str = "", beside: str = "", output: str = "", lang: str = "") -> None:
    """Write the tailnet policy that the cluster needs, each line with its reason."""
    from meshstrap.tasks.inventory import policy as does

    does(inventory=inventory, beside=beside, output=output, lang=lang)


@people_task(output="the file to write, - for the terminal; without it cluster.schema.json")
def schema(context: Context, output: str = "") -> None:
    """Write the JSON Schema that editors complete from."""
    from meshstrap.tasks.inventory import schema as does

    does(output=output)


@people_task(
    iterable=["renew"],
    lifetime="how long new tokens last: until the last machine is created, and a little more",
    renew="NODE, a worker that gets a new token, once for each: --renew=w1",
    prune="also remove the secrets of nodes that left the inventory",
    auth_keys="a file of `node: key` lines; MESHSTRAP_AUTH_KEY_<NODE> in the environment works as well",
    output="the folder that is rendered into",
)
def secrets(
    context: Context,
    renew: list[str],
    inventory: str = "",
    output: str = "",
    secrets: str = "",
    lifetime: str = LIFETIME,
    auth_keys: str = "",
    prune: bool = False,
) -> None:
    """Create bootstrap tokens and take in auth keys."""
    from meshstrap.tasks.secrets import secrets as does

    does(
        renew=renew,
        inventory=inventory,
        output=output,
        secrets=secrets,
        lifetime=lifetime,
        auth_keys=auth_keys,
        prune=prune,
    )


@people_task(
    check="write nothing; exit 1 when anything would change",
    prune="also remove the folders of nodes that left the inventory",
    no_secrets="leave the user-data out of index.html, so that the page may be shown to others",
)
def render(
    context: Context,
    inventory: str = "",
    output: str = "",
    secrets: str = "",
    check: bool = False,
    prune: bool = False,
    no_secrets: bool = False,
) -> None:
    """Write each node's user-data to generated/NODE/, and the page that says what to do with it."""
    from meshstrap.tasks.writing import render as does

    does(inventory=inventory, output=output, secrets=secrets, check=check, prune=prune, no_secrets=no_secrets)


@people_task(output="the folder by which findings in a node's own values are named")
def lint(context: Context, inventory: str = "", output: str = "") -> None:
    """Check every script with shellcheck and bash."""
    from meshstrap.tasks.writing import lint as does

    does(inventory=inventory, output=output)


@people_task()
def lab(context: Context) -> None:
    """Bring up a whole cluster on this Linux box (root), and keep it until Enter: no cloud account needed."""
    from meshstrap.tasks.lab import lab as does

    does()


@people_task(
    word="topic",
    topic="the decision to explain; without one, the way to all of them",
    lang="en or ko; without it the language of your locale",
)
def explain(context: Context, topic: str | None = None, inventory: str = "", lang: str = "") -> None:
    """Say why the cluster is built as it is, or explain one TOPIC."""
    from meshstrap.tasks.why import explain as does

    does(topic=topic, inventory=inventory, lang=lang)


@people_task(
    word="collision",
    collision="the one to show whole; without it the table",
    all_="also those that concern other versions and systems",
    json="as JSON, for programs",
)
def compat(
    context: Context, collision: str | None = None, inventory: str = "", all_: bool = False, json: bool = False
) -> None:
    """Show known collisions of these versions, and what keeps them away."""
    from meshstrap.tasks.why import compat as does

    does(collision=collision, inventory=inventory, all_=all_, json=json)


@people_task(
    word="picture",
    picture="topology, packet or boot; without it all of them, as Markdown",
    svg="that picture as SVG, for people",
    lang="en or ko; without it the language of your locale",
    output="a folder to write every picture to, as Mermaid and as SVG; without it the terminal",
)
def graph(
    context: Context,
    picture: str | None = None,
    inventory: str = "",
    svg: bool = False,
    lang: str = "",
    output: str = "",
) -> None:
    """Draw accounts and nodes, a packet's way and the boot order; or one PICTURE."""
    from meshstrap.tasks.why import graph as does

    does(picture=picture, inventory=inventory, svg=svg, lang=lang, output=output)
