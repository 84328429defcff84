"""Where inventory, secrets and folders are. The clock is read here, and nowhere else in the package.

What is written goes to the folder in which the person is, or beside an inventory that they name; never to where
meshstrap is installed.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from meshstrap.errors import InventoryInvalid, OutputRefused
from meshstrap.files import read_bounded
from meshstrap.inventory.formats import parse_ssh_key
from meshstrap.pipeline import load_plan
from meshstrap.plan import Plan
from meshstrap.resources import clone, resource
from meshstrap.views.screen import Screen

CLONE = clone()
EXAMPLE = resource("cluster.example.yaml")
INVENTORY = Path("cluster.yaml")
SSH_KEY_BYTES = 10_000
"""A public key of RSA's longest, 16384 bits, has 2,800 with its comment."""


def find_inventory(inventory: str, screen: Screen | None) -> Path:
    """The inventory that the flag names; else the one of this folder, of the clone, or the example. It is said."""
    found = Path(inventory) if inventory else _own_inventory()
    if screen and found:
        screen.say(f"Inventory: {found}\n")
    if screen and not found:
        screen.say(f"There is no {INVENTORY} yet: this is {shown(EXAMPLE)}.\n")
    return found or shown(EXAMPLE)


def _own_inventory() -> Path | None:
    """A link that leads nowhere is one as well: the example in its place would go unnoticed."""
    places = [INVENTORY, *([CLONE / INVENTORY] if CLONE else [])]
    return next((shown(place) for place in places if os.path.lexists(place)), None)


def plan_to_explain(screen: Screen, inventory: str) -> Plan:
    """The plan whose figures an explanation takes: the example's while the person's own inventory has problems."""
    path = find_inventory(inventory, screen)
    try:
        return load_plan(path)
    except InventoryInvalid as error:
        problems = f"{len(error.problems)} problem{'' if len(error.problems) == 1 else 's'}"
        screen.say(f"{path} has {problems}; `invoke plan` says which. So the figures are of {shown(EXAMPLE)}.\n")
        return load_plan(EXAMPLE)


def secrets_path(inventory: Path, secrets: str) -> Path:
    """The file that the flag names, or the one beside the inventory; the example's are in this folder."""
    if secrets:
        return Path(secrets)
    # The example's tokens are no part of the person's own cluster.
    return Path("secrets.example.yaml") if is_example(inventory) else inventory.with_name("secrets.yaml")


def is_example(inventory: Path) -> bool:
    """Whether this is the project's example, and not the person's own."""
    return inventory.resolve() == EXAMPLE.resolve()


def folder(output: str) -> Path:
    """The folder that the flag names, or generated/."""
    return Path(output or "generated")


def verdicts_folder() -> Path | None:
    """Where it is noted which texts the linters found nothing in; ``None``: nowhere, since this user has no home.

    The XDG base directories' cache, on macOS as well, like most programs that are run in a terminal there. platformdirs
    would know Windows too, where no bash is; it is one more package for one line.
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache") / "meshstrap" / "linted"
    except RuntimeError:
        return None


def shown(path: Path) -> Path:
    """A path as short as it can be from where the person stands."""
    return min(path, Path(os.path.relpath(path)), key=lambda candidate: len(str(candidate)))


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def own_ssh_key(file: str) -> tuple[str, str]:
    """A person's public key and the file that it was read from; both empty when there is none.

    ``file``: which one; without it that of ``~/.ssh`` with a usual name, the kind that ssh prefers, or else the first
    with another name.
    ``OutputRefused``: the file that was named holds none.
    """
    for path in [Path(file)] if file else _usual_keys():
        try:
            text = read_bounded(path, SSH_KEY_BYTES, pipe=bool(file)).decode().strip()
            return parse_ssh_key(text), str(path)
        except (OSError, ValueError) as error:
            if file:
                binary = "this is no text, and a public SSH key is a line of it"
                why = binary if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
                message = f"--ssh-key {file}: {why}; nothing was written"
                raise OutputRefused(message) from error
    return "", ""


def _usual_keys() -> list[Path]:
    try:
        folder = Path.home() / ".ssh"
    except RuntimeError:
        # A container's user that nobody has entered has no home.
        return []
    return [*(folder / f"id_{kind}.pub" for kind in ("ed25519", "ecdsa", "rsa")), *sorted(folder.glob("*.pub"))]
