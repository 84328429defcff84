"""docs/evidence.md: which of the cluster's tests were seen to pass, on which day, and which were not yet.

``shown.json`` keeps it, so that the page can be held to it without a cluster. A run of any part adds to it, under its
own day. Seconds are in marked blocks only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

SHOWN = Path(__file__).with_name("shown.json")
# What Debian publishes, which moves by itself; all else is pinned by the project.
DISTRIBUTIONS = frozenset({"Debian", "cloud-init", "iptables", "runc", "systemd"})
PAGE = Path(__file__).resolve().parents[2] / "docs/evidence.md"

_HEAD = """\
# What the cluster lab has shown

Written by `nox -s cluster -- --part K --update-golden`, and where a worker is emulated by `nox -s arm64 -- --all
--update-golden`, and by nothing else: each sentence below is the name of a test that passed, with the last day on which
a run that wrote this page has shown it. All of it was shown with the versions below: with other versions everything is
to be shown anew.
"""

_NOT_SHOWN = """\
## What could not be shown here

- **arm64's own hardware, a control plane on it, and VXLAN there.** Where a worker is emulated, it and all its programs
  are arm64, on a kernel of its own, with tailnet routing. All else ran on amd64. With VXLAN its pods came no further
  than to be created: Cilium compiles its programs on the node, one more with a tunnel, and ends the compiler after five
  minutes. On a slower machine that was too short once in one run, and three times in a row in another.
- **Ubuntu and Oracle Linux.** The machines are Debian 13 trees, booted by their own systemd in a container. What is
  particular to the other systems (dnf, SELinux, their images' firewalls) was tested with stubs, or not at all.
- **Oracle's real network.** The accounts, their routers, NATs, DHCP, resolver and metadata service are this lab's, made
  from what is documented of Oracle's. No test has launched an instance in OCI.
- **Vendors' packages and images.** Programs are built from the vendors' sources by the ordinary Go compiler, and packed
  as the vendors pack them. The vendors' own packages, images, signing keys and servers were never asked.
- **Tailscale's own server.** The tailnet is coordinated by Headscale. Its refusals of spent keys and its name clashes
  may be worded in another way, and admission of machines by a person (an admin console) was never seen.
- **Pure cgroup v2.** The kernel of this machine has its controllers in version 1, so the kubelet runs with the override
  `failCgroupV1: false`. The guard that filters tailscaled's packets uses version 2 and was seen to work.
- **A kernel and a clock of each machine's own.** All machines share one kernel: modules, the clock and settings outside
  of network namespaces are the same for all of them, and could not be broken for one alone.
- **The effect of `src_valid_mark`.** tailscaled sets it, and meshstrap leaves it: set or not, it made no difference on
  this kernel with Cilium's own proxy switched off.
- **Speed.** Two CPUs carry the whole cluster, its servers and its internet. Only ratios mean anything; they are in
  docs/costs.md, and how to measure on real machines.
- **Cilium's Envoy.** It is no Go program and is not built here. Policies for HTTP and the Gateway API, which meshstrap
  leaves off, ran with neither routing.
- **Hubble's UI, and its certificates' renewal in the cluster.** The relay and its flows are shown; the UI is no Go
  program, and the module of Cilium's certgen could not be had.
- **IPv6, several control planes, encryption by Cilium.** meshstrap does not have the first two; the last was not run.
"""


@dataclass(frozen=True)
class Proof:
    """``day``: of the last run that has shown it, empty before the first one; ``outage``: what it cost, if anything."""

    day: str = ""
    outage: str = ""


@dataclass(frozen=True)
class Case:
    """One of the cluster's tests. ``nodeid`` as pytest has it, ``routing`` as an inventory says it."""

    nodeid: str
    routing: str = "vxlan"

    @property
    def key(self) -> str:
        """How it is kept."""
        return f"{self.routing} {self._file}::{self.nodeid.partition('::')[2]}"

    @property
    def _file(self) -> str:
        return self.nodeid.partition("::")[0].rpartition("/")[2]

    @property
    def topic(self) -> str:
        """Its file, in words."""
        said = self._file.removesuffix(".py").removeprefix("test_").replace("_", " ")
        return said if self.routing == "vxlan" else f"{said}, with tailnet routing"

    @property
    def sentence(self) -> str:
        """Its name, in words."""
        return self.name.partition("[")[0]

    @property
    def name(self) -> str:
        """Its name, in words, with what sets it apart from other cases of it."""
        return self.nodeid.partition("::")[2].removeprefix("test_").replace("_", " ")


def case_of(key: str) -> Case:
    """The test that is kept under this key."""
    routing, _, nodeid = key.partition(" ")
    return Case(nodeid, routing)


@dataclass
class Shown:
    """``programs``: name → version; ``machine``: what it ran on; ``proofs``: every test of the cluster, by its key."""

    programs: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    timeline: list[str] = field(default_factory=list)


def gather(passed: Iterable[Case], properties: Mapping[str, Any], outages: Mapping[Case, str]) -> Shown:
    """What these tests have shown today. ``properties`` is what they recorded, ``outages`` what each has measured."""
    today = datetime.now(UTC).date().isoformat()
    return Shown(
        programs=dict(sorted(properties.get("programs", {}).items())),
        machine=dict(properties.get("machine", {})),
        proofs={test.key: Proof(today, outages.get(test, "")) for test in passed},
        timeline=list(properties.get("timeline", [])),
    )


def pinned(programs: Mapping[str, str]) -> dict[str, str]:
    """Those whose versions are this project's to choose."""
    return {name: version for name, version in programs.items() if name not in DISTRIBUTIONS}


def merged(kept: Shown, now: Shown) -> Shown:
    """What was kept, and over it what a run has shown; with other versions nothing of what was kept is shown."""
    same = pinned(now.programs) == pinned(kept.programs)
    known = kept.proofs if same else dict.fromkeys(kept.proofs, Proof())
    return Shown(now.programs, now.machine, dict(sorted((known | now.proofs).items())), now.timeline or kept.timeline)


def with_all(kept: Shown, cases: Iterable[Case]) -> Shown:
    """The same for exactly these cases: what was never run is not yet shown, and what is gone is not spoken of."""
    return replace(kept, proofs={key: kept.proofs.get(key, Proof()) for key in sorted(case.key for case in cases)})


def read_shown(path: Path = SHOWN) -> Shown:
    """What the last kept run has shown."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept["proofs"] = {key: Proof(**proof) for key, proof in kept["proofs"].items()}
    return Shown(**kept)


def keep(shown: Shown) -> None:
    """Keep it, and write the page anew."""
    SHOWN.write_text(json.dumps(asdict(shown), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(shown), encoding="utf-8")


def page(shown: Shown) -> str:
    """The page, in Markdown."""
    parts = (_what_ran(shown), _what_was_shown(shown), _what_is_to_be_shown(shown), _outages(shown), _timeline(shown))
    return "\n".join((_HEAD, *(line for part in parts for line in part), _NOT_SHOWN))


def _what_ran(shown: Shown) -> Iterator[str]:
    yield "## What ran\n"
    yield "| program | version |\n| --- | --- |"
    yield from (f"| {name} | {version} |" for name, version in shown.programs.items())
    yield "\nOn " + ", ".join(f"{name} {value}" for name, value in shown.machine.items()) + ".\n"


Sentences = dict[tuple[str, str], list[Proof]]


def _sentences(shown: Shown) -> Sentences:
    """By topic and sentence, in this order, the proofs of its cases."""
    found: Sentences = {}
    for key, proof in shown.proofs.items():
        case = case_of(key)
        found.setdefault((case.topic, case.sentence), []).append(proof)
    return dict(sorted(found.items()))


def _by_topic(sentences: Iterable[tuple[str, str]], say: Callable[[tuple[str, str]], str]) -> Iterator[str]:
    for topic, pairs in groupby(sentences, key=lambda pair: pair[0]):
        yield f"### {topic.capitalize()}\n"
        yield from (f"- {pair[1]}{say(pair)}" for pair in pairs)
        yield ""


def _what_was_shown(shown: Shown) -> Iterator[str]:
    whole = {place: proofs for place, proofs in _sentences(shown).items() if any(proof.day for proof in proofs)}
    cases = sum(bool(proof.day) for proof in shown.proofs.values())
    yield "## What was shown\n"
    yield f"{len(whole)} of {len(_sentences(shown))} sentences, {cases} of {len(shown.proofs)} cases.\n"
    yield from _by_topic(whole, lambda place: _days(whole[place]))


def _days(proofs: list[Proof]) -> str:
    days = sorted(proof.day for proof in proofs if proof.day)
    said = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    if len(proofs) == 1:
        return f" ({said})"
    cases = f"{len(proofs)}" if len(days) == len(proofs) else f"{len(days)} of {len(proofs)}"
    return f" ({cases} cases, {said})"


def _what_is_to_be_shown(shown: Shown) -> Iterator[str]:
    left = {place: proofs for place, proofs in _sentences(shown).items() if not any(proof.day for proof in proofs)}
    yield "## What is not yet shown\n"
    yield "No run that wrote this page has shown these with the versions above." if left else "Nothing is left."
    yield ""
    yield from _by_topic(left, lambda place: f" ({len(left[place])} cases)" if len(left[place]) > 1 else "")


def _outages(shown: Shown) -> Iterator[str]:
    yield "## What each fault cost\n"
    yield "The longest silence between any two pods, asked twice a second from inside each pod's network; what of it"
    yield "came after the fault was over, that is after the power was back; and after both pods of the pair ran again."
    yield "All machines share two CPUs. Shutting a machine down takes most of the first.\n"
    yield "<!-- outages -->\n| fault | outage |\n| --- | --- |"
    for key, proof in shown.proofs.items():
        test = case_of(key)
        way = ", with tailnet routing" if test.routing == "tailnet" else ""
        if proof.outage:
            yield f"| {test.name}{way} | {proof.outage} |"
    yield "<!-- /outages -->\n"


def _timeline(shown: Shown) -> Iterator[str]:
    yield "## How the story went\n"
    yield "Seconds since the first machine got power: when a step began, when it held, how long that took. These, the"
    yield "outages above, and nothing else on this page, differ with every run.\n"
    yield "<!-- timeline -->\n```text"
    yield from shown.timeline
    yield "```\n<!-- /timeline -->\n"
