"""Rules about where nodes download from."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.errors import Problem
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.sources import Repositories
from meshstrap.inventory.tree import Places


def repositories_serve_one_family(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A repository of one's own holds deb packages or rpm packages, so the nodes have to be of one kind."""
    oracle = [node.name for node in inventory.nodes if node.os.startswith("oracle-")]
    others = [node.name for node in inventory.nodes if not node.os.startswith("oracle-")]
    if not oracle or not others:
        return
    for name in Repositories.model_fields:
        repository = getattr(inventory.sources.repositories, name)
        if repository is not None and repository.url is not None:
            message = f"one repository cannot serve both {oracle[0]} (rpm packages) and {others[0]} (deb packages)"
            yield places.problem(("sources", "repositories", name, "url"), message)


def code_comes_over_https(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The bootstrap code is fetched over https, unless the inventory says that http will do."""
    code = inventory.sources.code
    if code and code.url.startswith("http://") and not code.plain_http:
        message = (
            "over http:// all can see and stop the transfer; give an https:// URL, or say plain_http: true "
            "(the code's checksum is verified all the same)"
        )
        yield places.problem(("sources", "code", "url"), message)


def what_is_not_signed_comes_over_https(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A login and an image are what the server says they are, unless the inventory says that http will do."""
    if inventory.tailnet.login_server.startswith("http://") and not inventory.tailnet.plain_http:
        message = (
            "over http:// whoever is on the way can take the auth keys and answer for the server; "
            "give an https:// URL, or say plain_http: true beside it"
        )
        yield places.problem(("tailnet", "login_server"), message)
    for registry, url in inventory.sources.registries.items():
        if url.startswith("http://") and registry not in inventory.sources.plain_http_registries:
            message = (
                "over http:// whoever is on the way decides what runs in the cluster: images are named, not signed; "
                f"give an https:// URL, or say plain_http_registries: [{registry}] in sources"
            )
            yield places.problem(("sources", "registries", registry), message)


def no_node_has_the_name_of_the_codes_folder(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """What nodes fetch is written to generated/code/, beside the nodes' own folders."""
    for index, node in enumerate(inventory.nodes):
        if inventory.sources.code and node.name == "code":
            message = "generated/code/ is where the code goes that the nodes fetch (sources.code); take another name"
            yield places.problem(("nodes", index, "name"), message)


RULES = (
    repositories_serve_one_family,
    code_comes_over_https,
    what_is_not_signed_comes_over_https,
    no_node_has_the_name_of_the_codes_folder,
)
