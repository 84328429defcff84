"""docs/evidence.md: what a whole run of the cluster's tests has shown, and what could not be shown here.

``shown.json`` keeps it, so that the page can be held to it without a cluster. A run that shows a part adds to it, under
its own day. Seconds are in marked blocks only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHOWN = Path(__file__).with_name("shown.json")
# What Debian publishes, which moves by itself; all else is pinned by the project.
DISTRIBUTIONS = frozenset({"Debian", "cloud-init", "iptables", "runc", "systemd"})
PAGE = Path(__file__).resolve().parents[2] / "docs/evidence.md"

_HEAD = """\
# What the cluster lab has shown

Written by `nox -s cluster -- --update-golden` and by nothing else: each sentence below is the name of a test that
passed, with the last day on which a run that wrote this page has shown it. All of it was shown with the versions below:
other versions begin an empty page. A whole run that does not show what this page says fails.
"""

_NOT_SHOWN = """\
## What could not be shown here

- **arm64.** All of it ran on amd64, and so did every program. What is written for arm64 was rendered and linted only.
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
- **IPv6, several control planes, Hubble, encryption by Cilium.** meshstrap does not have the first two; the others
  were not run.
"""


@dataclass
class Shown:
    """``programs``: name → version; ``machine``: what it ran on; ``sentences``: topic → sentence → cases.

    ``days``: topic → sentence → day of the last run that showed it; ``outages``: sentence → what it cost.
    """

    programs: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    sentences: dict[str, dict[str, int]] = field(default_factory=dict)
    days: dict[str, dict[str, str]] = field(default_factory=dict)
    timeline: list[str] = field(default_factory=list)
    outages: dict[str, str] = field(default_factory=dict)


def topic_and_sentence(nodeid: str) -> tuple[str, str]:
    """A test's file and name, as words."""
    file, _, name = nodeid.partition("::")
    topic = Path(file).stem.removeprefix("test_").replace("_", " ")
    return topic, name.partition("[")[0].removeprefix("test_").replace("_", " ")


def gather(passed: Sequence[str], properties: Mapping[str, Any], outages: Mapping[str, str]) -> Shown:
    """What the tests of these ids have shown today.

    ``properties`` is what they recorded, ``outages`` what each of them measured.
    """
    counted = Counter(topic_and_sentence(nodeid) for nodeid in passed)
    today = datetime.now(UTC).date().isoformat()
    sentences: dict[str, dict[str, int]] = {}
    days: dict[str, dict[str, str]] = {}
    for (topic, sentence), cases in sorted(counted.items()):
        sentences.setdefault(topic, {})[sentence] = cases
        days.setdefault(topic, {})[sentence] = today
    return Shown(
        programs=dict(sorted(properties.get("programs", {}).items())),
        machine=dict(properties.get("machine", {})),
        sentences=sentences,
        days=days,
        timeline=list(properties.get("timeline", [])),
        outages=dict(sorted(outages.items())),
    )


def without(shown: Shown, places: frozenset[tuple[str, str]]) -> Shown:
    """The same but for these sentences, of which a run has left cases out."""
    kept = Shown(shown.programs, shown.machine, timeline=shown.timeline, outages=shown.outages)
    for (topic, text), cases in _pairs(shown).items():
        if (topic, text) not in places:
            kept.sentences.setdefault(topic, {})[text] = cases
            kept.days.setdefault(topic, {})[text] = shown.days[topic][text]
    return kept


def merged(kept: Shown, now: Shown) -> Shown:
    """What was kept, and over it what a run has shown: all of it with the same versions."""
    if now.programs and now.programs != kept.programs:
        kept = Shown()
    topics = sorted(kept.sentences.keys() | now.sentences.keys())
    sentences = {topic: kept.sentences.get(topic, {}) | now.sentences.get(topic, {}) for topic in topics}
    return Shown(
        programs=now.programs or kept.programs,
        machine=now.machine or kept.machine,
        sentences={topic: dict(sorted(said.items())) for topic, said in sentences.items()},
        days={topic: kept.days.get(topic, {}) | now.days.get(topic, {}) for topic in topics},
        timeline=now.timeline or kept.timeline,
        outages=dict(sorted((kept.outages | now.outages).items())),
    )


def read_shown(path: Path = SHOWN) -> Shown:
    """What the last kept run has shown."""
    return Shown(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else Shown()


def keep(shown: Shown) -> None:
    """Keep it, and write the page anew."""
    SHOWN.write_text(json.dumps(asdict(shown), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(shown), encoding="utf-8")


def differences(kept: Shown, now: Shown, left_out: frozenset[tuple[str, str]]) -> Iterator[str]:
    """What the page says and a run does not show; of what it left out on purpose nothing is expected.

    A page may say less than a run shows. Neither the machine nor its seconds are compared, nor what comes from the
    distribution: another machine may show the same, and on another day.
    """
    claimed, shown = _pairs(kept), _pairs(now)
    for place in sorted(claimed.keys() - left_out):
        if claimed[place] > shown.get(place, 0):
            words = f"{claimed[place]} cases on the page, {shown.get(place, 0)} in this run"
            yield f"{': '.join(place)}: {words}"
    for name in sorted(kept.programs.keys() - DISTRIBUTIONS) if now.programs else ():
        if kept.programs[name] != now.programs.get(name):
            yield f"{name}: {kept.programs.get(name)} on the page, {now.programs.get(name)} in this run"


def _pairs(shown: Shown) -> dict[tuple[str, str], int]:
    return {(topic, text): cases for topic, said in shown.sentences.items() for text, cases in said.items()}


def page(shown: Shown) -> str:
    """The page, in Markdown."""
    parts = (_what_ran(shown), _what_was_shown(shown), _outages(shown), _timeline(shown))
    return "\n".join((_HEAD, *(line for part in parts for line in part), _NOT_SHOWN))


def _what_ran(shown: Shown) -> Iterator[str]:
    yield "## What ran\n"
    yield "| program | version |\n| --- | --- |"
    yield from (f"| {name} | {version} |" for name, version in shown.programs.items())
    yield "\nOn " + ", ".join(f"{name} {value}" for name, value in shown.machine.items()) + ".\n"


def _what_was_shown(shown: Shown) -> Iterator[str]:
    cases = sum(_pairs(shown).values())
    yield f"## What was shown\n\n{len(_pairs(shown))} sentences, {cases} cases.\n"
    for topic, said in shown.sentences.items():
        yield f"### {topic.capitalize()}\n"
        for text, count in said.items():
            several = f"{count} cases, " if count > 1 else ""
            yield f"- {text} ({several}{shown.days[topic][text]})"
        yield ""


def _outages(shown: Shown) -> Iterator[str]:
    yield "## What each fault cost\n"
    yield "The longest silence between any two pods, asked twice a second from inside each pod's network; what of it"
    yield "came after the fault was over, that is after the power was back; and after both pods of the pair ran again."
    yield "All machines share two CPUs. Shutting a machine down takes most of the first.\n"
    yield "<!-- outages -->\n| fault | outage |\n| --- | --- |"
    yield from (f"| {name} | {value} |" for name, value in shown.outages.items())
    yield "<!-- /outages -->\n"


def _timeline(shown: Shown) -> Iterator[str]:
    yield "## How the story went\n"
    yield "Seconds since the first machine got power: when a step began, when it held, how long that took. These, the"
    yield "outages above, and nothing else on this page, differ with every run.\n"
    yield "<!-- timeline -->\n```text"
    yield from shown.timeline
    yield "```\n<!-- /timeline -->\n"
