"""Where SSH may find a node through the tailnet, if this machine is in it and sees the node online there."""

from __future__ import annotations

import json
import shutil
import subprocess

_SECONDS = 5


def tailnet_addresses() -> dict[str, str]:
    """Address of each machine that this machine sees online in its tailnet, by name; none when it is in no tailnet."""
    program = shutil.which("tailscale")
    if program is None:
        return {}
    try:
        ran = subprocess.run(
            [program, "status", "--json"], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        return parse_tailnet(ran.stdout)
    except (OSError, subprocess.TimeoutExpired):
        return {}


def parse_tailnet(text: str) -> dict[str, str]:
    """The same out of what ``tailscale status --json`` prints."""
    try:
        told = json.loads(text)
        if told["BackendState"] != "Running":
            return {}
        peers = [peer for peer in (told["Peer"] or {}).values() if peer.get("Online")]
        return {peer["DNSName"].partition(".")[0]: peer["TailscaleIPs"][0] for peer in peers if peer["TailscaleIPs"]}
    except (ValueError, KeyError, TypeError):
        return {}
