"""containerd answers the kubelet, and runs with the configuration of the plan."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from meshstrap.plan import Plan
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import stale, unit

CONFIG = "/etc/containerd/config.toml"


def asks(plan: Plan) -> Asked:
    """Its configuration, as written and as it is in effect."""
    del plan
    return Asked(
        texts=(CONFIG, "/etc/containerd/conf.d/*.toml"),
        commands=(
            Question("containerd", "containerd config dump"),
            Question("cri", "crictl --timeout 10s info", codes=(0, 1)),
        ),
    )


TOPIC = Topic("containerd", __file__, asks=asks)


def effective(machine: Machine) -> dict[str, Any]:
    """Containerd's configuration with everything that it imports and its own defaults."""
    try:
        found = tomllib.loads(machine.answers.said("containerd"))
    except tomllib.TOMLDecodeError as error:
        raise CannotTell(f"containerd config dump: {error}") from error
    plugins: dict[str, Any] = found.get("plugins", {})
    return plugins


@TOPIC.check()
def the_runtime_answers(machine: Machine) -> None:
    answers = machine.answers
    if answers.code("cri") != 0:
        machine.differs((answers.raw["commands"]["cri"]["err"].strip().splitlines() or ["no answer"])[-1])
    try:
        conditions = json.loads(answers.said("cri"))["status"]["conditions"]
    except (ValueError, KeyError) as error:
        raise CannotTell(f"crictl info: {error!r}") from error
    unready = [
        f"{one['type']}: {one.get('message') or 'false'}"
        for one in conditions
        if one["type"] == "RuntimeReady" and not one["status"]
    ]
    machine.expect(not unready, unready)


@TOPIC.check()
def cgroups_are_systemds(machine: Machine) -> None:
    runtime = effective(machine).get("io.containerd.cri.v1.runtime", {})
    options = runtime.get("containerd", {}).get("runtimes", {}).get("runc", {}).get("options", {})
    found = options.get("SystemdCgroup")
    machine.expect(found is True, f"SystemdCgroup = {str(found).lower()}")


@TOPIC.check()
def the_sandbox_image_is_pinned(machine: Machine) -> None:
    found = effective(machine).get("io.containerd.cri.v1.images", {}).get("pinned_images", {}).get("sandbox")
    machine.expect(found == f"registry.k8s.io/pause:{machine.plan.versions.pause}", found)


@TOPIC.check()
def containerd_has_read_its_latest_configuration(machine: Machine) -> None:
    machine.answers.needed_text(CONFIG)
    imported = machine.answers.texts("/etc/containerd/conf.d/*.toml")
    problems = stale(machine.answers, "containerd", CONFIG, *imported)
    machine.expect(not problems, problems)


@TOPIC.check()
def containerd_starts_at_every_boot(machine: Machine) -> None:
    found = unit(machine.answers, "containerd")["UnitFileState"]
    machine.expect(found == "enabled", found)
