"""Three releases of cloud-init take what we emit, and the lab's metadata service is as strict as Oracle's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from meshstrap.plan import Plan
from meshstrap.rendering import UserData, pack_user_data, render_script
from tests.golden.cases import SYSTEMS, example_plan, plan_of, secrets_for

from . import metadata
from .lab import Lab
from .machine import Machine
from .process import Result, run, wait_until
from .tree import SUITES

ARCHITECTURES = ("arm64", "amd64")
ONE_OF_EACH = """
cluster: {{name: homelab}}
accounts: [{{name: alice}}, {{name: bob}}]
nodes:
  - {{name: cp1, account: alice, role: control-plane, os: {system}, shape: generic, arch: {arch}}}
  - {{name: w1, account: bob, role: worker, os: {system}, shape: generic, arch: {arch}}}
"""
# Releases by suite: the first two parts of a version are what cloud-init's changes go by.
VERSION = re.compile(r"(\d+\.\d+)")


@pytest.fixture(scope="module", params=list(SUITES))
def image(request: pytest.FixtureRequest, shared_lab: Lab) -> Machine:
    """An image of a release: nothing of it is started."""
    return shared_lab.machine(f"img-{request.param}", suite=request.param)


def user_data(plan: Plan, name: str) -> UserData:
    node = plan.node(name)
    return pack_user_data(plan, node, render_script(plan, node), secrets_for(plan))


def plan_for(system: str, arch: str) -> Plan:
    return plan_of(ONE_OF_EACH.format(system=system, arch=arch))


@cache
def worker_of(system: str, arch: str) -> str:
    return user_data(plan_for(system, arch), "w1").text


def judge(image: Machine, text: str) -> Result:
    """What the image's own cloud-init says of a user-data."""
    image.write("/root/user-data.yaml", text)
    return run(["chroot", str(image.root), "cloud-init", "schema", "--config-file", "/root/user-data.yaml"])


def version(image: Machine) -> str:
    """The release of the image's cloud-init, like 25.1. Debian's unstable one moves on, so it is called the newest."""
    if image.tree.name.startswith("tree-sid"):
        return "newest"
    told = run(["chroot", str(image.root), "cloud-init", "--version"]).check()
    found = VERSION.search(told.out + told.err)
    assert found
    return found[1]


@pytest.mark.parametrize("name", [node.name for node in example_plan().nodes])
def test_cloud_init_accepts_the_example(image: Machine, name: str) -> None:
    said = judge(image, user_data(example_plan(), name).text)
    assert said.code == 0, said.out + said.err
    assert "Valid" in said.out


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_cloud_init_accepts_the_nodes_of_every_system(
    image: Machine, system: str, arch: str, record_property: Callable[[str, object], None]
) -> None:
    said = judge(image, worker_of(system, arch))
    assert said.code == 0, said.out + said.err
    record_property("proven", [system, arch, "cloud-init", version(image)])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('- "python3 /opt/meshstrap/unpack.py; systemctl enable --now --no-block meshstrap"', "- {now: 1}"),
        ("#cloud-config\n", ""),
        ("path:", "pfad:"),
    ],
    ids=["wrong type", "no first line", "unknown key"],
)
def test_cloud_init_would_refuse_a_wrong_one(image: Machine, right: str, wrong: str) -> None:
    text = user_data(example_plan(), "w1").text
    assert right in text
    assert judge(image, text.replace(right, wrong, 1)).code != 0


# --- the service ---


def ask_to_launch(folder: Path, user_data: str, ssh_keys: str) -> None:
    metadata.write_instance(
        folder, name="w1", mac="02:00:17:00:00:0b", address="10.0.0.11", user_data=user_data, ssh_keys=ssh_keys
    )


def test_metadata_over_the_limit_is_refused_as_the_cloud_does(tmp_path: Path) -> None:
    keys = "ssh-ed25519 " + 88 * "A"
    room = metadata.METADATA_LIMIT - len(keys)
    ask_to_launch(tmp_path, "A" * room, keys)
    with pytest.raises(metadata.MetadataTooLarge, match=r"Metadata size is 32001 bytes .* larger than 32000 bytes"):
        ask_to_launch(tmp_path, "A" * (room + 1), keys)


@pytest.mark.parametrize("name", [node.name for node in example_plan().nodes])
def test_the_cloud_takes_what_the_example_asks_of_it(tmp_path: Path, name: str) -> None:
    data = user_data(example_plan(), name)
    account = next(one for one in example_plan().accounts if one.name == example_plan().node(name).account)
    for form in (data.b64, Lab.encode(data.text)):
        ask_to_launch(tmp_path, form, "A" * account.ssh_keys_bytes)


def test_a_request_without_the_header_is_answered_with_404(shared_lab: Lab) -> None:
    machine = shared_lab.machine("asked")
    shared_lab.serve_metadata(machine, Lab.encode("#cloud-config\n"))

    def ask(path: str, *headers: str) -> str:
        command = ["ip", "netns", "exec", machine.account.router, "curl", "--silent", "--noproxy", "*"]
        command += ["--output", "/dev/null", "--write-out", "%{http_code}"]
        command += [word for header in headers for word in ("--header", header)]
        return run([*command, f"http://169.254.169.254/opc/v2/{path}"]).out

    header = "Authorization: Bearer Oracle"
    wait_until(lambda: ask("instance/", header) == "200", "the metadata service", seconds=20)
    assert ask("vnics/0/macAddr", header) == "200"
    assert ask("instance/") == "404"
    assert ask("instance/", "Authorization: Bearer oracle") == "404"
    assert ask("nothing", header) == "404"
