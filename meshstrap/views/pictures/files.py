"""The pictures as texts to print and as files to write."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.plan.model import Plan
from meshstrap.views.pictures.canvas import write_svg
from meshstrap.views.pictures.captions import picture_caption
from meshstrap.views.pictures.draw_boot import draw_boot
from meshstrap.views.pictures.draw_packet import draw_packet
from meshstrap.views.pictures.draw_topology import draw_topology
from meshstrap.views.pictures.mermaid import mermaid_boot, mermaid_packet, mermaid_topology

_MERMAID = {"topology": mermaid_topology, "packet": mermaid_packet, "boot": mermaid_boot}
_DRAWINGS = {"topology": draw_topology, "packet": draw_packet, "boot": draw_boot}

PICTURES = tuple(_MERMAID)
"""The pictures' names, in the order in which they explain each other."""


def mermaid_picture(plan: Plan, name: str, language: str) -> str:
    """The picture as Mermaid. ``KeyError``: no such picture or language."""
    return _MERMAID[name](plan, language)


def svg_picture(plan: Plan, name: str, language: str, *, alone: bool = True) -> str:
    """The picture as SVG: a file of its own, or ``alone=False`` for a page that has the rules for the dark."""
    return write_svg(_DRAWINGS[name](plan, language), alone=alone)


def pictures_markdown(plan: Plan, language: str) -> str:
    """All pictures as Mermaid with their captions, for a page that draws Mermaid itself."""
    parts = []
    for name in PICTURES:
        title, text = picture_caption(plan, name, language)
        parts.append(f"## {title}\n\n{text}\n\n```mermaid\n{mermaid_picture(plan, name, language)}```\n")
    return "\n".join(parts)


def picture_files(plan: Plan, language: str) -> Mapping[str, str]:
    """File name → text: each picture in both forms."""
    files = {}
    for name in PICTURES:
        files[f"{name}.mmd"] = mermaid_picture(plan, name, language)
        files[f"{name}.svg"] = svg_picture(plan, name, language)
    return files
