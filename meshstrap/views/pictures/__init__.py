"""What follows from a plan, as pictures: topology, a packet's way and the boot order, as Mermaid and as SVG."""

from meshstrap.views.pictures.canvas import dark_rules
from meshstrap.views.pictures.captions import picture_caption
from meshstrap.views.pictures.files import (
    PICTURES,
    mermaid_picture,
    picture_files,
    pictures_markdown,
    svg_picture,
)

__all__ = [
    "PICTURES",
    "dark_rules",
    "mermaid_picture",
    "picture_caption",
    "picture_files",
    "pictures_markdown",
    "svg_picture",
]
