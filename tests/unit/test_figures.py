"""The block of what a cluster costs says what was measured, no more and no less."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest

from meshstrap.decisions import load_flowchart
from tests.bench.cluster import path_figures
from tests.bench.cluster.figures import MEASURED, PART, Figures, keep, markdown, read_figures, rows
from tests.bench.cluster.path_figures import PathFigures
from tests.readme import hold_part, readme

SMALL = Figures(
    day="2026-11-23",
    machine="Linux 6.18, x86_64, 2 CPUs, 24 GiB",
    busy=0.02,
    seconds={
        "ready": 80,
        "ready by the guide": 100,
        "names": 90,
        "names by the guide": 100,
        "ready at 200 Mbit/s": 120,
        "ready at 200 Mbit/s by the guide": 200,
        "names at 200 Mbit/s": 130,
        "names at 200 Mbit/s by the guide": 200,
        "cp1 first": 100,
        "cp1 again": 2,
        "w1 first": 50,
        "w1 again": 1,
    },
    changes={"cp1": 0, "w1": 0},
    verify={"shared processors": (2.0, 8.0)},
    memory={"w1": {"kubelet": 40.0, "containerd": 60.0}},
    bytes={"w1": {"web": 100_000_000, "images": 200_000_000}},
)


@pytest.mark.skipif(not MEASURED.exists(), reason="nothing has been measured yet")
def test_the_readme_says_what_was_measured(update_golden: bool) -> None:
    if update_golden:
        keep(read_figures())
    hold_part(PART, partial(markdown, read_figures()), update=False)


@pytest.mark.skipif(not path_figures.MEASURED.exists(), reason="nothing has been measured yet")
def test_the_ways_of_pods_packets_are_told_as_they_were_measured(update_golden: bool) -> None:
    if update_golden:
        path_figures.keep(path_figures.read_figures())
    hold_part(path_figures.PART, partial(path_figures.markdown, path_figures.read_figures()), update=False)


PATHS = PathFigures(
    day="2026-11-23",
    machine="Linux 6.18, x86_64, 2 CPUs, 24 GiB",
    busy=0.02,
    paths={
        "VXLAN": {"ours": {"idle": 1.0, "1": 200}, "tailnet": {"idle": 0.5, "1": 2000}},
        "tailnet routing": {"ours": {"idle": 0.5, "1": 1900}, "tailnet": {"idle": 0.5, "1": 2000}},
    },
)
WAYS = ("1", "4", "1 back", "4 back")


@pytest.mark.skipif(not MEASURED.exists(), reason="nothing has been measured yet")
@pytest.mark.parametrize(("row", "path"), [(0, "VXLAN"), (1, "tailnet routing")])
def test_what_the_explanations_say_of_speed_holds_all_that_was_measured(row: int, path: str) -> None:
    said = load_flowchart().tradeoffs.rows[row][-1].en
    least, most = map(float, re.findall(r"\d\.\d+", said))
    speeds = path_figures.read_figures().paths[path]
    share = [round(speeds["ours"][way] / speeds["tailnet"][way], 2) for way in WAYS]
    assert all(least <= ratio <= most for ratio in share), f"{said}: the figures of the last run say {share}"
    assert f"{said.removesuffix(' measured')} of the tailnet's speed" in readme("en", PART).read_text(encoding="utf-8")


def test_ratios_come_first_and_their_figures_behind_them() -> None:
    found = {title: (ratio, said) for title, ratio, said in rows(SMALL)}
    assert found["first boot to all nodes Ready, against the guide's commands without pauses"] == (
        "0.80",
        "80 s, 100 s",
    )
    assert found["a second run on cp1 against its first: 0 changes"] == ("0.020", "2.0 s, 100 s")
    assert found["`invoke verify` of ten hosts against one, where all machines share the two CPUs"] == (
        "4.00",
        "8.0 s, 2.0 s",
    )
    assert found["memory of w1, MiB"] == ("100", "containerd 60, kubelet 40")
    assert found["downloaded by w1, MB"] == ("300", "web 100, images 200")


def test_each_path_is_held_against_the_bare_tailnet_of_its_own_rounds() -> None:
    assert path_figures.headings(PATHS) == ("what", "pods, VXLAN", "pods, tailnet routing")
    assert list(path_figures.rows(PATHS)) == [
        ("ping, idle, ms", "**2.00**: 1.00 / 0.50", "**1.00**: 0.50 / 0.50"),
        ("1 TCP stream, Mbit/s", "**0.10**: 200 / 2,000", "**0.95**: 1,900 / 2,000"),
    ]


@pytest.mark.parametrize(("busy", "marked"), [(0.04, False), (0.5, True)])
def test_a_run_beside_other_work_is_marked_as_a_rehearsal(busy: float, *, marked: bool) -> None:
    assert ("a rehearsal" in markdown(replace(SMALL, busy=busy))) == marked
