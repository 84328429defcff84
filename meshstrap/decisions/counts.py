"""Numbers that a noun follows, and those that follow from the number of nodes alone."""

from __future__ import annotations


class Count(int):
    """A number for a text: ``{nodes}`` is ``3``, ``{nodes:node}`` is ``3 nodes``; ``{n:entry|entries}``: both forms."""

    def __format__(self, noun: str) -> str:
        """The number, and behind it the noun in singular or plural."""
        if not noun:
            return str(int(self))
        one, _, many = noun.partition("|")
        return f"{int(self)} {one if self == 1 else many or one + 's'}"


def node_counts(nodes: int) -> dict[str, object]:
    """What follows when each of ``nodes`` keeps an entry for every other, a route or a WireGuard peer.

    n - 1 entries on each and n x (n - 1) in all; a node more brings one to each of the n, and n of its own.
    """
    return {
        "nodes": Count(nodes),
        "peers": Count(nodes - 1),
        "routes_each": Count(nodes - 1),
        "routes_all": Count(nodes * (nodes - 1)),
        "nodes_next": Count(nodes + 1),
        "routes_new": Count(2 * nodes),
        "routes_next": Count((nodes + 1) * nodes),
    }
