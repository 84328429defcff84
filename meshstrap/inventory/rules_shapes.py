"""Rules about shapes: what is written of a machine is what its shape can be."""

from __future__ import annotations

from collections.abc import Iterator

from meshstrap.errors import Problem
from meshstrap.inventory.machines import Node
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.shapes import GENERIC, LEAST_GIB_AN_OCPU, MICRO, MOST_GIB_AN_OCPU, SHAPES
from meshstrap.inventory.tree import Places

BOOT_VOLUME_GIB = 47
"""OCI's smallest boot volume of a Linux image, GiB (boot volumes: https://docs.oracle.com/en-us/iaas/Content/Block)."""

BLOCK_VOLUME_GIB = 50
"""OCI's smallest block volume, GiB (https://docs.oracle.com/en-us/iaas/Content/Block/Concepts/overview.htm)."""


ROOT_GIB, ROOT_GIB_BESIDE_A_VOLUME = 20, 10
"""The least root disk, GiB: system 6, packages 2, logs 2, and 10 for images unless they lie on a volume."""


def cpus_of(node: Node) -> int:
    """CPUs that Linux shows on the machine."""
    return node.ocpus * SHAPES[node.shape].cpus_per_ocpu


def counts_for_the_quota(node: Node) -> bool:
    """Whether OCPUs and memory are taken from the account's: OCI counts a Micro as a machine, of which it has two."""
    return node.shape != MICRO


def the_processor_is_that_of_the_shape(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """A shape has one kind of processor; a generic machine's has to be named."""
    for index, node in enumerate(inventory.nodes):
        shape = SHAPES[node.shape]
        if node.shape == GENERIC and "arch" not in node.model_fields_set:
            message = f"{GENERIC} can be either processor: add arch: arm64 or arch: amd64"
            yield places.problem(("nodes", index, "shape"), message)
        elif shape.arch and node.arch != shape.arch:
            others = [name for name, other in SHAPES.items() if other.arch == node.arch]
            default = "" if "shape" in node.model_fields_set else ", the default shape,"
            message = (
                f"{node.shape}{default} is {shape.arch}. Leave arch out, or name a shape that is {node.arch}: "
                f"{', '.join(others)}; a machine that is no OCI instance is shape: {GENERIC}"
            )
            yield places.problem(("nodes", index, "arch"), message)


def a_shape_without_a_choice_is_as_it_is(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The OCPUs and the memory of a Micro cannot be chosen."""
    for index, node in enumerate(inventory.nodes):
        shape = SHAPES[node.shape]
        for field, unit in (("ocpus", "OCPU"), ("memory_gib", "GiB of memory")):
            fixed = getattr(shape, field)
            if fixed and getattr(node, field) != fixed:
                message = f"{node.shape} has {fixed} {unit}, and no choice: leave {field} out"
                yield places.problem(("nodes", index, field), message)


def a_flexible_shape_goes_so_far(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """OCI's limits of OCPUs, and of memory for each: the console offers nothing else, and the API refuses it."""
    for index, node in enumerate(inventory.nodes):
        shape = SHAPES[node.shape]
        if node.shape == GENERIC or shape.ocpus:
            continue
        if shape.most_ocpus and node.ocpus > shape.most_ocpus:
            message = f"{node.ocpus} OCPUs are more than {shape.most_ocpus}, the most that {node.shape} can have"
            yield places.problem(("nodes", index, "ocpus"), message)
        least, most = node.ocpus * LEAST_GIB_AN_OCPU, node.ocpus * MOST_GIB_AN_OCPU
        if not least <= node.memory_gib <= most:
            default = "" if "memory_gib" in node.model_fields_set else ", the default,"
            message = (
                f"{node.memory_gib} GiB{default} is outside {least} to {most}: OCI gives {node.shape} at least "
                f"{LEAST_GIB_AN_OCPU} GiB and at most {MOST_GIB_AN_OCPU} for each OCPU, and this node has {node.ocpus}"
            )
            yield places.problem(("nodes", index, "memory_gib"), message)


def volumes_are_of_sizes_that_oci_makes(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """OCI's boot and block volumes have a smallest size; other machines have disks as they come."""
    for index, node in enumerate(inventory.nodes):
        if node.shape == GENERIC:
            continue
        if node.boot_volume_gib < BOOT_VOLUME_GIB:
            message = f"{node.boot_volume_gib} GiB is less than {BOOT_VOLUME_GIB}, OCI's smallest boot volume"
            yield places.problem(("nodes", index, "boot_volume_gib"), message)
        if node.block_volume and node.block_volume.size_gib < BLOCK_VOLUME_GIB:
            message = f"{node.block_volume.size_gib} GiB is less than {BLOCK_VOLUME_GIB}, OCI's smallest block volume"
            yield places.problem(("nodes", index, "block_volume", "size_gib"), message)


def a_disk_of_any_size_is_large_enough(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The script of a generic machine refuses a root disk that is too small; OCI makes none."""
    for index, node in enumerate(inventory.nodes):
        least = ROOT_GIB if node.block_volume is None else ROOT_GIB_BESIDE_A_VOLUME
        if node.shape == GENERIC and node.boot_volume_gib < least and "disk" not in inventory.cluster.waive_machine:
            message = (
                f"{node.boot_volume_gib} GiB is less than {least}, which system, packages, logs and images need; "
                f"with a block_volume {ROOT_GIB_BESIDE_A_VOLUME} are enough. To try it all the same: "
                "cluster.waive_machine: [disk]"
            )
            yield places.problem(("nodes", index, "boot_volume_gib"), message)


RULES = (
    the_processor_is_that_of_the_shape,
    a_shape_without_a_choice_is_as_it_is,
    a_flexible_shape_goes_so_far,
    volumes_are_of_sizes_that_oci_makes,
    a_disk_of_any_size_is_large_enough,
)
