"""``cluster.yaml`` to a checked :class:`Inventory`."""

from meshstrap.inventory.components import Component, Volume
from meshstrap.inventory.load import Rule, load_inventory, parse_inventory
from meshstrap.inventory.machines import Account, BlockVolume, Node, Quota
from meshstrap.inventory.model import Cilium, Cluster, Inventory, Tailnet
from meshstrap.inventory.network import parse_address, parse_subnet
from meshstrap.inventory.schema import json_schema
from meshstrap.inventory.sources import HelmArchives, PackageRepository, PinnedFile, Repositories, Sources
from meshstrap.inventory.tree import Places

__all__ = [
    "Account",
    "BlockVolume",
    "Cilium",
    "Cluster",
    "Component",
    "HelmArchives",
    "Inventory",
    "Node",
    "PackageRepository",
    "PinnedFile",
    "Places",
    "Quota",
    "Repositories",
    "Rule",
    "Sources",
    "Tailnet",
    "Volume",
    "json_schema",
    "load_inventory",
    "parse_address",
    "parse_inventory",
    "parse_subnet",
]
