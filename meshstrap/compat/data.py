"""The data file ``versions.yaml``, typed. A fault in it is a bug and raises pydantic's own error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

PARTS = ("kubernetes", "containerd", "tailscale", "cilium", "helm")
"""What has a version of its own in the inventory."""


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


class Condition(_Data):
    """When an entry counts: all that is given has to hold. ``cilium_values``: one of them is switched on."""

    kubernetes: str = ""
    containerd: str = ""
    tailscale: str = ""
    cilium: str = ""
    helm: str = ""
    waived: str = ""
    cilium_values: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts whose version counts."""
        return tuple(part for part in PARTS if getattr(self, part))


class Combination(_Data):
    """One known combination: what one sees, why, and what to do."""

    id: str
    when: Condition
    severity: Literal["refuse", "warn"]
    symptom: str
    why: str
    what_to_do: str
    link: str = Field(pattern="^https://")


class Data(_Data):
    """The whole file."""

    defaults: Defaults
    known: Mapping[str, tuple[str, str]]
    pause: Mapping[str, str]
    helm: HelmPins
    cilium_chart: ChartPins
    repositories: Mapping[str, Vendor]
    systems: Mapping[str, Distribution]
    combinations: tuple[Combination, ...]


@cache
def load_data() -> Data:
    """The data file's content. Versions are read as text: YAML would make 1.10 of 1.1."""
    text = files("meshstrap.compat").joinpath("versions.yaml").read_text(encoding="utf-8")
    return Data.model_validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 - makes text, lists and dicts only
