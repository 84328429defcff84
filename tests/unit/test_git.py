"""What holds secrets stays out of git: a real git, in a repository of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from meshstrap.errors import KnownToGit
from meshstrap.git import keep_from_git


def run_git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a repository"
    (folder / "inside" / "generated" / "w1").mkdir(parents=True)
    run_git(folder, "init", "--quiet")
    for name in ("secrets [1].yaml", "generated/w1/user-data.yaml", "generated/index.html", "generated/README.md"):
        (folder / "inside" / name).write_text("secret\n")
    return folder


def would_take(folder: Path) -> list[str]:
    """What `git add --all` takes."""
    return [line.removeprefix("add ").strip("'") for line in run_git(folder, "add", "--all", "--dry-run").splitlines()]


def test_what_git_would_take_is_ignored_by_this_clone_alone(repository: Path) -> None:
    secrets, generated = repository / "inside" / "secrets [1].yaml", repository / "inside" / "generated"
    names = ["index.html", "w1/user-data.yaml"]
    place = repository / ".git" / "info" / "exclude"
    assert len(would_take(repository)) == 4
    assert keep_from_git(secrets) == place.resolve() == keep_from_git(generated, names)
    assert would_take(repository) == ["inside/generated/README.md"]
    before = place.read_text()
    assert keep_from_git(secrets) is None is keep_from_git(generated, names)
    assert place.read_text() == before


def test_a_file_that_is_not_there_yet_is_ignored_too(repository: Path) -> None:
    path = repository / "secrets.yaml"
    assert keep_from_git(path)
    path.write_text("secret\n")
    assert "secrets.yaml" not in would_take(repository)


def test_what_the_person_ignores_needs_nothing(repository: Path) -> None:
    (repository / ".gitignore").write_text("secrets*.yaml\n/inside/generated/*\n")
    before = (repository / ".git" / "info" / "exclude").read_text()
    assert keep_from_git(repository / "inside" / "secrets [1].yaml") is None
    assert keep_from_git(repository / "inside" / "generated", ["index.html", "w1/user-data.yaml"]) is None
    assert (repository / ".git" / "info" / "exclude").read_text() == before


def test_a_line_that_says_it_is_taken_wins_and_so_it_is_refused(repository: Path) -> None:
    (repository / ".gitignore").write_text("!secrets*\n")
    with pytest.raises(KnownToGit, match="begins with !"):
        keep_from_git(repository / "inside" / "secrets [1].yaml")


def test_what_git_tracks_is_refused(repository: Path) -> None:
    run_git(repository, "add", "--force", "inside/generated")
    keep_from_git(repository / "inside" / "secrets [1].yaml")
    with pytest.raises(KnownToGit, match=r"git tracks w1/user-data.yaml, which holds secrets"):
        keep_from_git(repository / "inside" / "generated", ["w1/user-data.yaml"])


def test_an_exclude_that_cannot_be_written_is_refused(repository: Path) -> None:
    exclude = repository / ".git" / "info" / "exclude"
    exclude.unlink()
    exclude.mkdir()
    with pytest.raises(KnownToGit, match="cannot be written: Is a directory"):
        keep_from_git(repository / "secrets.yaml")


def test_no_repository_no_folder_and_no_git_are_fine(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keep_from_git(tmp_path / "secrets.yaml") is None
    assert keep_from_git(tmp_path / "nothing", ["index.html"]) is None
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert keep_from_git(repository / "secrets.yaml") is None


def test_the_file_that_a_link_leads_to_counts(tmp_path: Path, repository: Path) -> None:
    link = tmp_path / "secrets.yaml"
    link.symlink_to(repository / "inside" / "secrets [1].yaml")
    assert keep_from_git(link)
    assert "inside/secrets [1].yaml" not in would_take(repository)
