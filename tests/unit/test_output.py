from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from threading import Event, Thread

import pytest

from meshstrap import output
from meshstrap.errors import OutputRefused, WouldChange
from meshstrap.files import alone_in
from meshstrap.output import write_generated

FILES = {
    "cp1/bootstrap.sh": "#!/bin/sh\n",
    "cp1/documents/kubeadm.yaml": "kind: ClusterConfiguration\n",
    "w1/bootstrap.sh": "#!/bin/sh\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "generated"


def all_files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_first_write_creates_private_files_and_a_manifest(root: Path) -> None:
    report = write_generated(root, FILES)
    assert report.created == ("cp1", "w1")
    assert str(report) == "2 created"
    assert (root / "cp1" / "documents" / "kubeadm.yaml").read_text() == "kind: ClusterConfiguration\n"
    for path in (root / "cp1").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    manifest = json.loads((root / "cp1" / "manifest.json").read_text())
    assert manifest["sha256"] == {
        "bootstrap.sh": hashlib.sha256(b"#!/bin/sh\n").hexdigest(),
        "documents/kubeadm.yaml": hashlib.sha256(b"kind: ClusterConfiguration\n").hexdigest(),
    }


def test_a_root_of_the_persons_own_is_ignored_by_their_git(root: Path) -> None:
    write_generated(root, FILES)
    assert (root / ".gitignore").read_text() == "*\n"


def test_second_write_changes_nothing(root: Path) -> None:
    write_generated(root, FILES)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    report = write_generated(root, FILES)
    assert (report.unchanged, report.files) == (("cp1", "w1"), ())
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_only_what_differs_is_written_and_what_is_no_longer_rendered_goes(root: Path) -> None:
    write_generated(root, FILES)
    changed = {"cp1/bootstrap.sh": "#!/bin/bash\n", "w1/bootstrap.sh": FILES["w1/bootstrap.sh"]}
    report = write_generated(root, changed)
    assert (report.changed, report.unchanged) == (("cp1",), ("w1",))
    assert set(report.files) == {"cp1/bootstrap.sh", "cp1/manifest.json", "cp1/documents/kubeadm.yaml"}
    assert not (root / "cp1" / "documents" / "kubeadm.yaml").exists()


@pytest.mark.parametrize("mode", [0o644, 0o400])
def test_a_mode_that_was_changed_is_put_right(root: Path, mode: int) -> None:
    write_generated(root, FILES)
    (root / "cp1" / "bootstrap.sh").chmod(mode)
    assert write_generated(root, FILES).changed == ("cp1",)
    assert (root / "cp1" / "bootstrap.sh").stat().st_mode & 0o777 == 0o600


def test_check_writes_nothing_and_says_what_would_change(root: Path) -> None:
    with pytest.raises(WouldChange, match="cp1: would be created"):
        write_generated(root, FILES, check=True)
    assert not root.exists()
    write_generated(root, FILES)
    assert write_generated(root, FILES, check=True).unchanged == ("cp1", "w1")
    with pytest.raises(WouldChange, match="cp1: would be changed"):
        write_generated(root, {**FILES, "cp1/bootstrap.sh": "x"}, check=True)
    with pytest.raises(WouldChange, match="w1: would be removed"):
        write_generated(
            root, {"cp1/bootstrap.sh": "#!/bin/sh\n"} | dict(list(FILES.items())[:2]), check=True, prune=True
        )
    assert all_files(root)["cp1/bootstrap.sh"] == "#!/bin/sh\n"


def test_a_node_that_left_is_reported_and_removed_only_when_asked(root: Path) -> None:
    write_generated(root, FILES)
    rest = {"w1/bootstrap.sh": FILES["w1/bootstrap.sh"]}
    assert write_generated(root, rest).stale == ("cp1",)
    assert (root / "cp1").exists()
    assert write_generated(root, rest, prune=True).removed == ("cp1",)
    assert not (root / "cp1").exists()


def test_folders_that_are_not_ours_are_never_touched(root: Path) -> None:
    write_generated(root, FILES)
    (root / "photos").mkdir()
    (root / "photos" / "cat.png").write_text("meow")
    report = write_generated(root, {"w1/bootstrap.sh": FILES["w1/bootstrap.sh"]}, prune=True)
    assert (report.removed, (root / "photos" / "cat.png").exists()) == (("cp1",), True)


def test_prune_refuses_a_folder_that_holds_something_else_and_then_removes_nothing(root: Path) -> None:
    write_generated(root, FILES)
    (root / "cp1" / "documents" / "notes.txt").write_text("mine")
    with pytest.raises(OutputRefused, match=r"cp1: also holds documents/notes\.txt"):
        write_generated(root, {"w1/bootstrap.sh": "changed"}, prune=True)
    assert all_files(root)["w1/bootstrap.sh"] == "#!/bin/sh\n"


@pytest.mark.parametrize("name", ["../victim", "/victim", "a/../../victim"])
def test_a_manifest_that_points_outside_is_not_ours(root: Path, tmp_path: Path, name: str) -> None:
    write_generated(root, FILES)
    (tmp_path / "victim").write_text("alive")
    manifest = {"written_by": output.MARKER, "node": "cp1", "sha256": {name: "0"}}
    (root / "cp1" / "manifest.json").write_text(json.dumps(manifest))
    write_generated(root, {"w1/bootstrap.sh": "#!/bin/sh\n"}, prune=True)
    assert (tmp_path / "victim").read_text() == "alive"
    assert (root / "cp1").exists()


def test_a_folder_of_a_nodes_name_that_is_not_ours_is_refused(root: Path) -> None:
    (root / "cp1").mkdir(parents=True)
    (root / "cp1" / "thesis.tex").write_text("x")
    with pytest.raises(OutputRefused, match="was not written by a render"):
        write_generated(root, FILES)
    os.mkfifo(root / "cp1" / "manifest.json")
    with pytest.raises(OutputRefused, match="was not written by a render"):
        write_generated(root, FILES)


@pytest.mark.parametrize("place", ["root", "node", "documents"])
def test_symbolic_links_are_refused(root: Path, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if place != "root":
        write_generated(root, FILES)
    path = {"root": root, "node": root / "w1", "documents": root / "cp1" / "documents"}[place]
    if path.exists():
        path.rename(tmp_path / "away")
    path.symlink_to(elsewhere)
    with pytest.raises(OutputRefused):
        write_generated(root, FILES)
    assert list(elsewhere.iterdir()) == []


def test_a_root_that_is_a_file_or_below_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputRefused):
            write_generated(root, FILES)


def test_a_root_that_may_not_be_written_is_refused() -> None:
    """Not even root may make a folder below /proc."""
    with pytest.raises(OutputRefused, match="/proc"):
        write_generated(Path("/proc/meshstrap"), FILES)


@pytest.mark.parametrize("survives", [0, 1, 2, 3])
def test_an_interrupted_write_shows_nothing_half_written_and_is_repaired(
    root: Path, monkeypatch: pytest.MonkeyPatch, survives: int
) -> None:
    """Ctrl-C after so many renames, once on a new root and once on a changed one."""
    original, renames = Path.replace, 0

    def replace(path: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if renames > survives:
            raise KeyboardInterrupt
        return original(path, target)

    for files in (FILES, {name: f"{text}# new\n" for name, text in FILES.items()}):
        renames = 0
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            with pytest.raises(KeyboardInterrupt):
                write_generated(root, files)
        left = [path for path in root.rglob("*") if path.name.startswith(".meshstrap-")]
        assert left == []
        whole = set(FILES.values()) | set(files.values())
        assert all(
            text in whole
            for name, text in all_files(root).items()
            if not name.endswith(("manifest.json", ".gitignore"))
        )
        write_generated(root, files)
        assert {name: text for name, text in all_files(root).items() if name in files} == files


def test_what_a_killed_run_left_behind_goes(root: Path) -> None:
    write_generated(root, FILES)
    (root / ".meshstrap-abc.new").mkdir()
    (root / ".meshstrap-abc.new" / "bootstrap.sh").write_text("half")
    (root / "cp1" / ".meshstrap-def.new").write_text("half")
    assert write_generated(root, FILES).changed == ("cp1",)
    assert not list(root.rglob(".meshstrap-*"))


def test_a_disk_that_fills_up_is_an_error_with_a_place(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "flush_files", full)
    with pytest.raises(OutputRefused, match="No space left on device"):
        write_generated(root, FILES)
    assert [path for path in root.rglob("*") if path.name != ".gitignore"] == []


def test_an_error_names_what_a_person_can_see(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_generated(root, FILES)
    script = root / "cp1" / "bootstrap.sh"
    script.unlink()
    script.mkdir()
    with pytest.raises(OutputRefused, match=f"^{re.escape(str(script))}: Is a directory: "):
        write_generated(root, FILES)

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(root / ".meshstrap-abc.new"))

    monkeypatch.setattr(output, "stage_file", closed)
    with pytest.raises(OutputRefused, match=f"^{re.escape(str(root))}: Permission denied: "):
        write_generated(root, FILES)


def test_a_manifest_that_is_closed_to_the_person_does_not_make_a_folder_somebody_elses(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_generated(root, FILES)
    manifest = root / "cp1" / "manifest.json"
    monkeypatch.setattr("os.access", lambda path, _: path != manifest)
    with pytest.raises(OutputRefused, match=f"^{re.escape(str(manifest))}: Permission denied: "):
        write_generated(root, FILES)


def test_two_runs_that_write_the_same_go_one_after_the_other(tmp_path: Path) -> None:
    waits, ended = Event(), []

    def second() -> None:
        with alone_in(tmp_path, waits.set):
            ended.append("second")

    other = Thread(target=second)
    with alone_in(tmp_path, lambda: pytest.fail("there is nobody to wait for")):
        other.start()
        assert waits.wait(60)
        ended.append("first")
    other.join()
    assert ended == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_locked_a_run_goes_on(tmp_path: Path) -> None:
    with alone_in(tmp_path / "not there", lambda: pytest.fail("there is nobody to wait for")):
        pass
