"""The kinds of machines that a node can be, and what each of them settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ARM64, AMD64 = "arm64", "amd64"
GENERIC = "generic"
"""A machine that is no instance of OCI's: of another cloud, or at home."""

LEAST_GIB_AN_OCPU, MOST_GIB_AN_OCPU = 1, 64
"""Memory of a flexible shape, GiB for each OCPU
(https://docs.oracle.com/en-us/iaas/Content/Compute/References/computeshapes.htm, "Flexible Shapes")."""

MICRO = "VM.Standard.E2.1.Micro"
MICROS_AN_ACCOUNT = 2
"""Machines of that shape that an account may have, all of them Always Free
(https://docs.oracle.com/en-us/iaas/Content/FreeTier/freetier_topic-Always_Free_Resources.htm)."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One shape as OCI names it. ``series``: where the console lists it. ``arch`` is empty where it can be either.

    ``ocpus`` and ``memory_gib`` are those of a shape that leaves no choice, else 0. ``most_ocpus``: what it can be told
    to have, 0 where no figure is known for sure. ``free``: Always Free has it.
    """

    name: str
    series: str
    arch: str
    cpus_per_ocpu: int
    ocpus: int = 0
    memory_gib: int = 0
    most_ocpus: int = 0
    free: bool = False


# CPUs of an OCPU: https://docs.oracle.com/en-us/iaas/Content/Compute/References/computeshapes.htm (November 2026). An
# OCPU of A1 is one core with one thread, of A2 two such cores, of x86 one core with two threads. The Micro has an
# eighth of an OCPU all the time and both its threads for a burst; Linux shows two CPUs.
#
# The most OCPUs of E3, E4 and Standard3 are those of an extended memory VM, which is the same shape told to have more:
# https://docs.oracle.com/en-us/iaas/Content/Compute/References/extended-memory-vm-instances.htm (read November 2026).
# Of E5 Oracle's own pages say 94 and more, and of E6 none that could be read says it: a wrong figure would refuse a
# machine that OCI has.
SHAPES = {
    shape.name: shape
    for shape in (
        Shape(name="VM.Standard.A1.Flex", series="Ampere", arch=ARM64, cpus_per_ocpu=1, most_ocpus=80, free=True),
        Shape(name="VM.Standard.A2.Flex", series="Ampere", arch=ARM64, cpus_per_ocpu=2, most_ocpus=78),
        Shape(name="VM.Standard.E3.Flex", series="AMD", arch=AMD64, cpus_per_ocpu=2, most_ocpus=114),
        Shape(name="VM.Standard.E4.Flex", series="AMD", arch=AMD64, cpus_per_ocpu=2, most_ocpus=114),
        Shape(name="VM.Standard.E5.Flex", series="AMD", arch=AMD64, cpus_per_ocpu=2),
        Shape(name="VM.Standard.E6.Flex", series="AMD", arch=AMD64, cpus_per_ocpu=2),
        Shape(name="VM.Standard3.Flex", series="Intel", arch=AMD64, cpus_per_ocpu=2, most_ocpus=56),
        Shape(
            name=MICRO,
            series="Specialty and previous generation",
            arch=AMD64,
            cpus_per_ocpu=2,
            ocpus=1,
            memory_gib=1,
            free=True,
        ),
        Shape(name=GENERIC, series="", arch="", cpus_per_ocpu=1),
    )
}
"""The known shapes by their names. Of a generic machine an "OCPU" is one CPU as Linux shows it."""

DEFAULT = "VM.Standard.A1.Flex"


def settled(shape: object) -> Mapping[str, str]:
    """The fields of a node that its shape settles, as they would be written; none for a shape that is not known."""
    known = SHAPES.get(DEFAULT if shape is None else str(shape))
    if known is None:
        return {}
    fields = {"arch": known.arch, "ocpus": known.ocpus, "memory_gib": known.memory_gib}
    return {name: str(value) for name, value in fields.items() if value}
