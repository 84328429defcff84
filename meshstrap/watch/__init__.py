"""What the nodes say of themselves while they boot, read over SSH, all of them at once."""

from meshstrap.watch.reading import read_node
from meshstrap.watch.show import Watch
from meshstrap.watch.sight import Sight

__all__ = [
    "Sight",
    "Watch",
    "read_node",
]
