"""A tree becomes a disk that UEFI boots: GPT, an ESP with Debian's own grub, ext4. Nothing is mounted or emulated."""

from __future__ import annotations

from pathlib import Path

from tests.lab.cached import cached
from tests.lab.process import run

from .tree import arm64_tree

MIB = 2**20
ESP_MIB = 64
# Room for the tree and little more: the first boot grows it to the whole volume, as in the cloud.
ROOT_MIB = 3072
# Where a firmware looks that knows of no boot entry, and where this grub looks for its settings.
LOADER, SETTINGS = "EFI/BOOT/BOOTAA64.EFI", "EFI/debian/grub.cfg"
GRUB = "usr/lib/grub/arm64-efi/monolithic/grubaa64.efi"


def partition_table() -> str:
    """What sfdisk reads. The root's type is the one of arm64's roots (Discoverable Partitions Specification)."""
    return (
        "label: gpt\n"
        f"start=1MiB, size={ESP_MIB}MiB, type=uefi\n"
        f"start={1 + ESP_MIB}MiB, size={ROOT_MIB}MiB, type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE\n"
    )


def grub_settings(version: str) -> str:
    """What starts the kernel of that version at once."""
    return (
        "set timeout=0\n"
        "search --no-floppy --label root --set=root\n"
        "menuentry debian {\n"
        f"  linux /boot/vmlinuz-{version} root=LABEL=root rw console=ttyAMA0\n"
        f"  initrd /boot/initrd.img-{version}\n"
        "}\n"
    )


def arm64_disk(cache: Path) -> Path:
    """The disk, a qcow2 that a machine's own begins as a thin layer over."""
    made = arm64_tree(cache)
    recipe = (made.name, Path(__file__).read_text())
    return cached(cache, "arm64-disk", recipe, lambda folder: write_disk(made / "root", folder)) / "disk.qcow2"


def write_disk(tree: Path, folder: Path) -> None:
    """Write the disk of a tree as ``disk.qcow2``."""
    raw, esp, root = folder / "raw", folder / "esp", folder / "root"
    with raw.open("wb") as disk:
        disk.truncate((2 + ESP_MIB + ROOT_MIB) * MIB)
    run(["sfdisk", "--quiet", str(raw)], text=partition_table()).check()
    _write_esp(esp, tree)
    run(["mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", str(tree), str(root), f"{ROOT_MIB}M"], timeout=1800).check()
    for part, begins in ((esp, 1), (root, 1 + ESP_MIB)):
        place = [f"if={part}", f"of={raw}", "bs=1M", f"seek={begins}", "conv=notrunc,sparse", "status=none"]
        run(["dd", *place], timeout=1800).check()
        part.unlink()
    run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(folder / "disk.qcow2")], timeout=1800).check()
    raw.unlink()


def _write_esp(esp: Path, tree: Path) -> None:
    (kernel,) = (tree / "boot").glob("vmlinuz-*")
    with esp.open("wb") as file:
        file.truncate(ESP_MIB * MIB)
    run(["mkfs.vfat", "-n", "ESP", str(esp)]).check()
    run(["mmd", "-i", str(esp), "::/EFI", "::/EFI/BOOT", "::/EFI/debian"]).check()
    run(["mcopy", "-i", str(esp), str(tree / GRUB), f"::/{LOADER}"]).check()
    settings = grub_settings(kernel.name.removeprefix("vmlinuz-"))
    run(["mcopy", "-i", str(esp), "-", f"::/{SETTINGS}"], text=settings).check()
