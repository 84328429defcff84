"""Rules about names: unique, not taken, and pointing at something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from meshstrap.errors import Problem
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.tree import Path, Places
from meshstrap.inventory.values import did_you_mean

# Names under these belong to someone who answers for them before /etc/hosts is right, or instead of it.
_TAKEN_SUFFIXES = {
    "ts.net": "Tailscale's MagicDNS answers for it",
    "cluster.local": "the cluster's own DNS answers for it",
    "local": "multicast DNS answers for it",
    "localhost": "it is always the machine itself",
}


def accounts_are_given(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """At least one account: a node has to live somewhere."""
    if not inventory.accounts:
        yield places.problem(("accounts",), "the list is empty; at least one account is needed")


def account_names_are_unique(inventory: Inventory, places: Places) -> Iterable[Problem]:
    """Two accounts of one name cannot be told apart."""
    return _repeated([account.name for account in inventory.accounts], "accounts", "name", places)


def node_names_are_unique(inventory: Inventory, places: Places) -> Iterable[Problem]:
    """A second node of a name would become ``cp1-1`` in the tailnet and replace the first in Kubernetes."""
    return _repeated([node.name for node in inventory.nodes], "nodes", "name", places)


def _repeated(names: Sequence[str], section: str, field: str, places: Places) -> Iterator[Problem]:
    for index, name in enumerate(names):
        first = names.index(name)
        if first != index:
            here: Path = (section, index, field)
            where = places.where((section, first, field))
            yield places.problem(here, f"'{name}' is also the name of {section}[{first}] ({where})")


def nodes_live_in_known_accounts(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """``nodes[].account`` is one of ``accounts[].name``."""
    known = tuple(dict.fromkeys(account.name for account in inventory.accounts))
    if not known:
        return
    for index, node in enumerate(inventory.nodes):
        if node.account not in known:
            hint = did_you_mean(node.account, known) or f"; known are {', '.join(known)}"
            yield places.problem(("nodes", index, "account"), f"there is no account '{node.account}'{hint}")


def api_endpoint_is_a_name_of_its_own(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The API server's name stands in /etc/hosts, so nobody else may answer for it."""
    name = inventory.cluster.api_endpoint
    for suffix, reason in _TAKEN_SUFFIXES.items():
        if name == suffix or name.endswith("." + suffix):
            message = f"'{name}' cannot be the API server's name: {reason}; use a name such as k8s-api.internal"
            yield places.problem(("cluster", "api_endpoint"), message)
            return


def node_names_leave_the_endpoint_free(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A node called like the endpoint's first label is found under the endpoint's name by search domains."""
    endpoint = inventory.cluster.api_endpoint
    for index, node in enumerate(inventory.nodes):
        if node.name == endpoint.split(".")[0]:
            here: Path = ("nodes", index, "name")
            where = places.later(here, ("cluster", "api_endpoint"))
            message = (
                f"'{node.name}' is the name of nodes[{index}] and the first label of cluster.api_endpoint ({endpoint})"
            )
            yield places.problem(where, f"{message}: two names for different addresses; rename the node")


def node_names_are_not_reserved(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """``localhost`` is every machine's own name for itself."""
    for index, node in enumerate(inventory.nodes):
        if node.name == "localhost":
            yield places.problem(("nodes", index, "name"), "'localhost' is each machine's name for itself; use another")


def node_names_are_no_addresses(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """inet_aton(3) reads a number as an address, and whatever looks up a name asks it first."""
    for index, node in enumerate(inventory.nodes):
        if re.fullmatch(r"\d+|0x[0-9a-f]*", node.name):
            message = (
                f"'{node.name}' is a number, which ssh, ping and others take for an IPv4 address: 1 is 0.0.0.1; begin "
                f"the name with a letter, such as n{node.name}"
            )
            yield places.problem(("nodes", index, "name"), message)


RULES = (
    accounts_are_given,
    account_names_are_unique,
    node_names_are_unique,
    nodes_live_in_known_accounts,
    api_endpoint_is_a_name_of_its_own,
    node_names_leave_the_endpoint_free,
    node_names_are_not_reserved,
    node_names_are_no_addresses,
)
