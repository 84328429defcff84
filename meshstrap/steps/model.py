"""What `scripts/steps/<step>/step.yaml` says of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from meshstrap.language import Text

Role: TypeAlias = Literal["control-plane", "worker"]
Family: TypeAlias = Literal["apt", "dnf"]
Need: TypeAlias = Literal["block_volume", "registry_mirrors", "tailnet_routing", "trusted_ca"]
Sentence: TypeAlias = Annotated[str, Field(pattern=r"^(\S(.*[^\s.;])?)?$")]
Word: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
Variable: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Holds(Text):
    """What holds once the step has converged, one sentence in each language, without a full stop."""

    en: Sentence = Field(min_length=1)
    ko: Sentence = ""


class Step(BaseModel):
    """One step: its folder's name, and its step.yaml.

    ``roles`` and ``families`` are the nodes that have it, all of them unless it says otherwise; ``needs``: what the
    inventory has to give such a node besides. ``libraries`` of ``scripts/lib`` are those that it calls, without the
    ending by which one family's differs from the other's. ``values`` are the variables that its ``step.sh`` reads, and
    ``documents`` the files that it writes, by the variable that holds each one's text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Word
    holds: Holds
    roles: tuple[Role, ...] = Field(("control-plane", "worker"), min_length=1)
    families: tuple[Family, ...] = Field(("apt", "dnf"), min_length=1)
    needs: tuple[Need, ...] = ()
    libraries: tuple[Word, ...] = ()
    values: tuple[Variable, ...] = ()
    documents: Mapping[Variable, str] = {}
