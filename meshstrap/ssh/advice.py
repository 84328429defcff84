"""What a person can do about what ssh says."""

from __future__ import annotations

import re
import shlex

# What ssh, sudo and the host's shell say → what to do about it.
_NEW_MACHINE = "is it a new machine under an old name or address? Then: ssh-keygen -R {place}"
_CONFIGURATION = "under Host {node} in your SSH configuration"
_ADVICE = {
    "Permission denied": f"let its user take your key (ssh-add), or name user and key {_CONFIGURATION}",
    "Could not resolve": f"give its address: nodes[].address, --hosts {{node}}=ADDRESS, or HostName {_CONFIGURATION}",
    "REMOTE HOST IDENTIFICATION HAS CHANGED": _NEW_MACHINE,
    "has changed and you have requested": _NEW_MACHINE,
    "host key is known for": "ssh {place} once and accept its key",
    "Host key verification failed": f"ssh to it once and accept its key; {_NEW_MACHINE}",
    "Bad configuration option": "correct that line, or write `IgnoreUnknown` and the option's name above it",
    "sudo:": "let the login user sudo without a password, or log in as root",
    "python3": "python3 comes with cloud-init: is this one of your machines?",
}
_ELSE = "is it created and booted, and is its port {port} open to you? ssh -v {place} shows more"


# What ssh says besides, and after its reason.
_BESIDES = re.compile(
    r"Warning: Permanently added|Connection closed by|kex_exchange|.*: terminating, \d+ bad"
    r"|@|Host key verification failed"
)
# Where ssh went, by itself or by our configuration, and whose key it knows: by this name a person finds it without us.
_WENT_TO = re.compile(r"(?:connect to host|Connection to) (?P<place>(?!UNKNOWN)\S+) port (?P<port>\d+)")
_KEY_OF = re.compile(r"[Hh]ost key (?:for|is known for) (?P<place>\S+)")
_UNPRINTABLE = re.compile(r"[^ -~]")


def reason_of(errors: str) -> str:
    """The last line that ssh, sudo or the shell said about a failure; empty when nothing was said."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if not _BESIDES.match(line)] or lines
    return _UNPRINTABLE.sub("?", telling[-1]) if telling else ""


def advice(node: str, errors: str) -> str:
    """What to do about a node that gives no answer, by what was said about it."""
    words = next((words for sign, words in _ADVICE.items() if sign.lower() in errors.lower()), _ELSE)
    went = _WENT_TO.search(errors) or _KEY_OF.search(errors)
    place, port = (shlex.quote(went["place"]), went.groupdict().get("port", "22")) if went else (node, "22")
    if words is _ELSE and port != "22":
        place = f"-p {port} {place}"
    return words.format(node=node, place=_UNPRINTABLE.sub("?", place), port=port)
