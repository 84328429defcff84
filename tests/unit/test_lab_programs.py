"""The lab's programs are kept by what they are made of, and the processor that they run on is part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.lab import building, programs
from tests.lab.process import Result


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str | bytes, ...]]:
    """What the cache was asked for: name → recipe."""
    asked: dict[str, tuple[str | bytes, ...]] = {}

    def cached(cache: Path, name: str, recipe: Iterable[str | bytes], make: Callable[[Path], object]) -> Path:
        asked[name] = tuple(recipe)
        make(cache / name)
        return cache / name

    monkeypatch.setattr(programs, "cached", cached)
    monkeypatch.setattr(programs, "run", lambda argv: Result(tuple(argv), 0, "go1", ""))
    return asked


def test_programs_of_another_processor_have_a_place_of_their_own(
    recipes: dict[str, tuple[str | bytes, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[tuple[str, str]] = []
    monkeypatch.setattr(programs, "build_programs", lambda name, *rest: built.append((name, rest[-1])))
    programs.program_folder("crictl", tmp_path)
    programs.program_folder("crictl", tmp_path, "arm64")
    assert built == [("crictl", "amd64"), ("crictl-arm64", "arm64")]
    own, other = recipes["crictl"], recipes["crictl-arm64"]
    assert set(other) - set(own) == {"arm64"}
    # A recipe that said its own processor too would have everything built anew.
    assert "amd64" not in own


def test_for_another_processor_only_what_a_worker_runs_is_built(
    recipes: dict[str, tuple[str | bytes, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: dict[str, tuple[str, ...]] = {}
    monkeypatch.setattr(programs, "build_programs", lambda *words: built.update({words[0]: words[2]}))
    for module in ("kubernetes", "cilium"):
        programs.program_folder(module, tmp_path)
        programs.program_folder(module, tmp_path, "arm64")
        worker = programs.SETTINGS[module].worker
        source = (programs.FOLDER / module / "go.mod").read_text()
        assert built[module][-1] == "tool"
        assert built[f"{module}-arm64"][-len(worker) :] == worker
        assert set(worker) < set(source.split()), "a worker's programs are some of the module's"
        assert set(recipes[f"{module}-arm64"]) - set(recipes[module]) == {"arm64", *worker}


def test_go_is_told_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def refuse(*command: object, env: dict[str, str], **options: object) -> None:
        del command, options
        told.append(env["GOARCH"])
        raise OSError

    monkeypatch.setattr("tests.lab.building.subprocess.Popen", refuse)
    with pytest.raises(OSError, match=r"^$"):
        building.build_programs("module", tmp_path, (), tmp_path, "arm64")
    assert told == ["arm64"]
