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


RULES = (repositories_serve_one_family,)
