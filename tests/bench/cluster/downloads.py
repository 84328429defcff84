"""What a node downloads, counted by the router of its account: bytes of IP packets."""

from __future__ import annotations

import json

from tests.cluster.registry import PORT
from tests.lab.network import SERVERS, Account
from tests.lab.process import run

# What listens where: packages, keys, Helm and its chart; images.
SERVICES = {"web": 80, "images": PORT}


def count_downloads(account: Account) -> None:
    """Begin to count."""
    rules = (
        "\n".join(f"counter {name} {{ }}" for name in SERVICES)
        + "\nchain count { type filter hook forward priority -10;\n"
        + "\n".join(f"ip saddr {SERVERS} tcp sport {port} counter name {name}" for name, port in SERVICES.items())
    )
    table = f"table ip bench {{\n{rules}\n}}\n}}\n"
    run(["ip", "netns", "exec", account.router, "nft", "-f", "-"], text=table).check()


def downloaded(account: Account) -> dict[str, int]:
    """Bytes so far, by what was asked."""
    asked = run(
        ["ip", "netns", "exec", account.router, "nft", "-j", "list", "counters", "table", "ip", "bench"]
    ).check()
    entries = [entry["counter"] for entry in json.loads(asked.out)["nftables"] if "counter" in entry]
    return {entry["name"]: entry["bytes"] for entry in entries}
