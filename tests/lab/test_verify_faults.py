"""Each check is proven able to fail: one fact is broken on a real machine, and exactly that check says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .dress import volume
from .lab import Lab
from .vendors import Sources
from .verified import Verified, verified_worker
from .verify_faults import FAULTS, SeededFault


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with volume(tmp_path_factory.mktemp("volume") / "image") as node:
        yield node


# The device comes before the lab, so that it goes after the machine that holds it.
@pytest.fixture(scope="module")
def worker(device: str, shared_lab: Lab, sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Verified:
    return verified_worker(shared_lab, sources, device, tmp_path_factory.mktemp("ssh"))


def test_a_machine_as_planned_has_nothing_to_look_at(worker: Verified) -> None:
    assert {name: verdict.found for name, verdict in worker.bad().items()} == {}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_broken_fact_is_seen_by_its_own_check_alone(worker: Verified, fault: SeededFault) -> None:
    with worker.broken(fault.breaking, fault.mending) as found:
        assert set(found) == fault.seen_by
        verdict = found[fault.check]
        assert (verdict.outcome.value, fault.found in verdict.found) == ("differs", True), verdict.found


# Last: what is to be done, and was done, has mended all of it.
def test_what_was_mended_is_as_planned_again(worker: Verified) -> None:
    assert {name: verdict.found for name, verdict in worker.bad().items()} == {}
