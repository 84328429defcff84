"""The data, ``versions.yaml`` and ``collisions/``, typed. A fault in it is a bug and raises pydantic's own error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from meshstrap.own_yaml import read_as_text, read_typed

PARTS = ("kubernetes", "containerd", "tailscale", "cilium", "helm")
"""What has a version of its own in the inventory."""

THEMES = ("mesh", "kubernetes", "machines")
"""The files of ``collisions/``, in the order in which people read them."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defaults(_Data):
    """The versions that a node gets when the inventory says nothing."""

    kubernetes: str
    containerd: str
    tailscale: str
    cilium: str
    helm: str


class HelmPins(_Data):
    """Helm's archives: version → architecture → SHA-256."""

    url: str
    sha256: Mapping[str, Mapping[str, str]]


class ChartPins(_Data):
    """Cilium's charts: version → SHA-256."""

    url: str
    sha256: Mapping[str, str]


class Location(_Data):
    """Where one kind of packages is, as patterns."""

    url: str
    key_url: str
    suite: str = ""
    component: str = ""
    signed_metadata: bool = False
    fingerprints: tuple[str, ...] = ()


class Vendor(_Data):
    """One vendor's repositories; fingerprints stand here or with each kind."""

    deb: Location
    rpm: Location
    fingerprints: tuple[str, ...] = ()


class Distribution(_Data):
    """What repositories call a system."""

    kind: Literal["deb", "rpm"]
    distribution: str
    release: str


class Data(_Data):
    """The whole of ``versions.yaml``."""

    defaults: Defaults
    known: Mapping[str, tuple[str, str]]
    pause: Mapping[str, str]
    tools: Mapping[str, Mapping[str, str]]
    helm: HelmPins
    cilium_chart: ChartPins
    repositories: Mapping[str, Vendor]
    systems: Mapping[str, Distribution]


class Condition(_Data):
    """When a collision concerns a cluster: all that is given has to hold.

    ``kernel`` is said and never asked: what a machine boots is not known before it exists. ``systems`` and
    ``block_volume``: a node has one. ``routing``: that of ``cilium.routing``.
    ``subnet``: the pods' or the services' subnet overlaps it. ``waived`` and
    ``cilium_values`` are what a person has to write to get into it: that check waived, one of these values set.
    """

    kubernetes: str = ""
    containerd: str = ""
    tailscale: str = ""
    cilium: str = ""
    helm: str = ""
    kernel: str = ""
    systems: tuple[str, ...] = ()
    block_volume: bool = False
    coordination: Literal["", "headscale"] = ""
    untagged: bool = False
    routing: Literal["", "vxlan", "tailnet"] = ""
    waived: str = ""
    subnet: str = ""
    cilium_values: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts whose version counts."""
        return tuple(part for part in PARTS if getattr(self, part))

    @property
    def is_of_machines(self) -> bool:
        """Whether it asks something of the nodes' machines."""
        return bool(self.systems) or self.block_volume


class Guard(_Data):
    """What is rendered against a collision: a text that a document or ``bootstrap.sh`` has to hold, or must not.

    ``value``: in a document that is YAML, its dotted path; ``text`` is then the whole value in YAML's flow style, and
    ``absent`` that it is not set. ``role``: on nodes of that role only. A document that a node does not have guards
    nothing there.
    """

    document: str
    value: str = ""
    text: str = ""
    role: Literal["", "control-plane", "worker"] = ""
    absent: bool = False


class KnownCollision(_Data):
    """One collision: what one sees, why, and what keeps it away.

    ``severity``: ``refuse`` stops the render, ``warn`` is said with it, ``guard`` is kept away by what is rendered, and
    ``note`` is for the person alone, since nothing that is rendered can help. ``check`` is the test of the verification
    that shows on a host that it holds; only a note may have none.
    """

    id: str = Field(pattern=r"^[a-z0-9.-]+$")
    when: Condition
    severity: Literal["refuse", "warn", "guard", "note"]
    symptom: str
    why: str
    what_to_do: str = ""
    link: str = Field(pattern="^https://")
    more: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    check: str = Field(default="", pattern=r"^([a-z_]+\.[a-z0-9_]+)?$")
    until: str


def _read(name: str) -> Any:
    """A data file's content. Versions are read as text: YAML would make 1.10 of 1.1."""
    text = files("meshstrap.compat").joinpath(name).read_text(encoding="utf-8")
    return read_as_text(text)


@cache
def load_data() -> Data:
    """The content of ``versions.yaml``."""
    return Data.model_validate(_read("versions.yaml"))


@cache
def load_collisions() -> tuple[KnownCollision, ...]:
    """Every known collision, theme by theme."""
    return tuple(
        KnownCollision.model_validate(entry) for theme in THEMES for entry in _read(f"collisions/{theme}.yaml")
    )


@cache
def facts_of(folder: str, name: str) -> Any:
    """What one of the folders beside keeps of a version; empty for one of which nothing is known."""
    file = files("meshstrap.compat") / folder / f"{name}.yaml"
    return read_typed(file.read_text(encoding="utf-8")) if file.is_file() else {}
