"""Which machines of this tailnet are ours, and where SSH may find one through it, if this machine is in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from meshstrap.errors import NoWay

_SECONDS = 5


class Peer(NamedTuple):
    """Another machine of this tailnet; ``address`` is its first IPv4 one."""

    name: str
    address: str
    online: bool


def machine_name(told: Mapping[str, Any]) -> str:
    """A machine's name in the tailnet.

    Of a second one of the same hostname only the DNS name has a number. Without MagicDNS there is only the hostname.
    """
    return _full_name(told).partition(".")[0]


def peers_of(status: Mapping[str, Any], tags: Collection[str]) -> dict[str, list[Peer]]:
    """The machines with one of the tags, if there are any, by name, out of ``tailscale status --json``.

    Those shared into this tailnet have another suffix and are none of ours. Of several with one name only those that
    are online, if any is.
    """
    suffix = _full_name(status["Self"]).partition(".")[2]
    found: dict[str, list[Peer]] = {}
    for told in (status.get("Peer") or {}).values():
        name, _, its_suffix = _full_name(told).partition(".")
        address = next((one for one in told.get("TailscaleIPs") or () if "." in one), "")
        is_tagged = not tags or bool(set(tags) & set(told.get("Tags") or ()))
        if address and its_suffix == suffix and is_tagged:
            found.setdefault(name, []).append(Peer(name, address, bool(told.get("Online"))))
    return {name: [one for one in same if one.online] or same for name, same in found.items()}


def tailnet_addresses(names: Collection[str], tags: Collection[str]) -> dict[str, str]:
    """Address of each of these nodes that this machine sees online in its tailnet; none when it is in no tailnet.

    ``NoWay`` names two machines of one name.
    """
    program = shutil.which("tailscale")
    if program is None:
        return {}
    try:
        ran = subprocess.run(
            [program, "status", "--json"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return parse_tailnet(ran.stdout, names, tags)


def parse_tailnet(text: str, names: Collection[str], tags: Collection[str]) -> dict[str, str]:
    """The same out of what ``tailscale status --json`` prints."""
    try:
        status = json.loads(text)
        found = peers_of(status, tags) if status["BackendState"] == "Running" else {}
    except (ValueError, KeyError, TypeError):
        return {}
    online = {name: same for name, same in found.items() if name in names and same[0].online}
    for name, same in online.items():
        if len(same) > 1:
            several = " and ".join(one.address for one in same)
            message = f"{name}: {several} are both called that in the tailnet; say which: --hosts {name}=ADDRESS"
            raise NoWay(message)
    return {name: same[0].address for name, same in online.items()}


def _full_name(told: Mapping[str, Any]) -> str:
    return str(told.get("DNSName") or told["HostName"]).rstrip(".").lower()
