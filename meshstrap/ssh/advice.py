"""What a person can do about what ssh says."""

from __future__ import annotations

import re

# What ssh, sudo and the host's shell say → what to do about it.
_NEW_MACHINE = "is it a new machine under an old name or address? Then: ssh-keygen -R {node}"
_CONFIGURATION = "under Host {node} in your SSH configuration"
_ADVICE = {
    "Permission denied": f"let its user take your key (ssh-add), or name user and key {_CONFIGURATION}",
    "Could not resolve": f"give its address: nodes[].address, --hosts {{node}}=ADDRESS, or HostName {_CONFIGURATION}",
    "Host key verification failed": f"ssh to it once and accept its key; {_NEW_MACHINE}",
    "REMOTE HOST IDENTIFICATION HAS CHANGED": _NEW_MACHINE,
    "Bad configuration option": "correct that line, or write `IgnoreUnknown` and the option's name above it",
    "sudo:": "let the login user sudo without a password, or log in as root",
    "python3": "python3 comes with cloud-init: is this one of your machines?",
}
_ELSE = "is it created and booted, and is its port 22 open to you? ssh -v {node} shows more"


# What ssh says besides, and after its reason.
_BESIDES = re.compile(r"Warning: Permanently added|Connection closed by|kex_exchange|.*: terminating, \d+ bad")
_UNPRINTABLE = re.compile(r"[^ -~]")


def reason_of(errors: str) -> str:
    """The last line that ssh, sudo or the shell said about a failure; empty when nothing was said."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if not _BESIDES.match(line)] or lines
    return _UNPRINTABLE.sub("?", telling[-1]) if telling else ""


def advice(node: str, errors: str) -> str:
    """What to do about a node that gives no answer, by what was said about it."""
    found = (words for sign, words in _ADVICE.items() if sign.lower() in errors.lower())
    return next(found, _ELSE).format(node=node)
