"""A disk as Oracle's Ubuntu images have it: their firewall, loaded at boot, and a swap that only fstab knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.cached import cached
from tests.lab.dress import FSTAB, LOADERS, RULES, downloaded
from tests.lab.process import run
from tests.lab.tree import base_tree
from tests.shell.firewall_rules import RULES_V4

from . import disk
from .tree import SUITE, arm64_tree


def dressed_disk(cache: Path) -> Path:
    """The disk, made of the same tree as the bare one."""
    made = arm64_tree(cache)
    # They hold no program of any processor: shell and settings.
    loaders = sorted(downloaded(base_tree(SUITE, cache), SUITE, cache, *LOADERS).glob("*.deb"))
    texts = (RULES_V4, FSTAB, *(Path(file).read_text() for file in (disk.__file__, __file__)))
    recipe = (made.name, *(deb.name for deb in loaders), *texts)
    return cached(cache, "arm64-dressed", recipe, lambda folder: _write(made / "root", loaders, folder)) / "disk.qcow2"


def _write(tree: Path, loaders: list[Path], folder: Path) -> None:
    with _copy(tree, folder) as root:
        for deb in loaders:
            run(["dpkg-deb", "--extract", str(deb), str(root)]).check()
        rules, fstab = root / RULES.lstrip("/"), root / "etc/fstab"
        rules.parent.mkdir(exist_ok=True)
        rules.write_text(RULES_V4)
        fstab.write_text(fstab.read_text() + FSTAB)
        # systemctl would have a program of the tree enable this, too, and the unit is what counts.
        (root / "etc/init.d/netfilter-persistent").unlink()
        run(["systemctl", f"--root={root}", "enable", "netfilter-persistent"]).check()
        disk.write_disk(root, folder)


@contextmanager
def _copy(tree: Path, folder: Path) -> Iterator[Path]:
    """The tree, to write into; what is written is gone afterwards, and the tree as it was."""
    with TemporaryDirectory(dir=folder) as place:
        upper, work, root = (Path(place, name) for name in ("upper", "work", "root"))
        for one in (upper, work, root):
            one.mkdir()
        options = f"lowerdir={tree},upperdir={upper},workdir={work}"
        run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)]).check()
        try:
            yield root
        finally:
            run(["umount", str(root)]).check()
