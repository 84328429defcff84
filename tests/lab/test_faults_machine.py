"""Faults on a node that had settled: foreign hands, services that do not start, folders that cannot be written."""

from __future__ import annotations

import pytest

from .faults import read_only, retry_soon, start_again, wait_cured, wait_says
from .lab import Lab
from .machine import Machine
from .node import bootstrap, lab_inventory, render, status, wait_settled
from .statuses import KeptStatus
from .vendors import Sources

# Each file that is ours as a whole, and the step that owns it.
OWNED = {
    "/etc/hostname": "hostname",
    "/etc/modules-load.d/meshstrap.conf": "kernel_modules",
    "/etc/sysctl.d/99-zz-meshstrap.conf": "kernel_sysctls",
    **{
        path: "package_sources"
        for name in ("kubernetes", "containerd", "tailscale")
        for path in (f"/etc/apt/keyrings/meshstrap-{name}.asc", f"/etc/apt/sources.list.d/meshstrap-{name}.sources")
    },
    "/etc/containerd/config.toml": "containerd",
    "/etc/crictl.yaml": "containerd",
    "/etc/systemd/system/meshstrap-mesh-rule.service": "mesh_guards",
    "/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf": "mesh_guards",
}
EDITS = {"edited": "sed -i '1s/^/#/' {}", "deleted": "rm {}", "unreadable": "chmod 600 {}"}
STATE = "stat -c '%n %a %U' {0}; cat {0}"


@pytest.fixture(scope="module")
def machine(shared_lab: Lab, sources: Sources) -> Machine:
    """A node that had settled before the faults begin."""
    made = shared_lab.machine("w1")
    shared_lab.use_distribution(made, sources)
    shared_lab.launch(made, shared_lab.encode(render(lab_inventory(sources)).user_data.text))
    wait_settled(made)
    retry_soon(made)
    return made


def test_the_files_of_the_table_are_all_that_are_ours(machine: Machine) -> None:
    found = machine.bash("find /etc -type f -name '*meshstrap*' -not -path '/etc/systemd/system/meshstrap.service*'")
    kubelet = {path for path in found.out.split() if "kubelet" in path}
    assert set(found.out.split()) - kubelet <= set(OWNED), "kubelet's come after the tailnet"


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_foreign_hand_on_any_of_our_files_is_named_and_undone(machine: Machine, edit: str) -> None:
    machine.run("systemctl", "stop", "meshstrap").check()
    before = machine.bash(STATE.format(" ".join(OWNED))).out
    for path, step in OWNED.items():
        machine.bash(f"cp -a {path} /root/kept && {edit.format(path)}").check()
        checked = bootstrap(machine, "--check", "--only", step)
        assert checked.code == 1, f"{path}: {checked.err}"
        assert f" drift   {step}: would change" in checked.err, f"{path}: {checked.err}"
        machine.bash(f"cp -a --remove-destination /root/kept {path}").check()
    machine.bash("; ".join(edit.format(path) for path in OWNED)).check()
    start_again(machine)
    wait_cured(machine)
    assert machine.bash(STATE.format(" ".join(OWNED))).out == before


def test_a_service_that_does_not_start_is_named_with_its_own_last_words(
    machine: Machine, kept_status: KeptStatus
) -> None:
    broken = "/etc/systemd/system/containerd.service.d/99-somebody.conf"
    machine.write(broken, "[Service]\nExecStart=\nExecStart=/usr/bin/containerd --no-such-flag\n")
    machine.bash("systemctl daemon-reload; systemctl restart containerd")
    start_again(machine)
    said = wait_says(machine, "containerd does not start: ", state="failed")
    kept_status("service-does-not-start", said)
    assert said["message"].endswith("containerd: flag provided but not defined: -no-such-flag")
    assert said["next"] == "journalctl -u containerd -n 50"
    machine.run("rm", broken).check()
    wait_cured(machine)
    assert machine.run("systemctl", "is-active", "containerd").out.strip() == "active"


def test_a_folder_that_cannot_be_written_is_named(machine: Machine, kept_status: KeptStatus) -> None:
    file = "/etc/sysctl.d/99-zz-meshstrap.conf"
    machine.bash(f"systemctl stop meshstrap; echo '# a foreign hand' >>{file}").check()
    with read_only(machine, "/etc"):
        start_again(machine)
        said = wait_says(machine, f"cannot write {file}: Read-only file system", state="failed")
        kept_status("folder-read-only", said)
        shown = machine.bash(said["next"].split(";")[0])
        assert "ro," in shown.check().out, "what it says to do shows the reason"
    wait_cured(machine)
    assert "foreign" not in machine.read(file)


def test_a_settled_node_does_not_need_to_write_etc(machine: Machine) -> None:
    with read_only(machine, "/etc"):
        start_again(machine)
        wait_cured(machine)


def test_a_status_that_cannot_be_written_is_told_all_the_same(machine: Machine) -> None:
    machine.run("systemctl", "stop", "meshstrap").check()
    old = status(machine)
    machine.bash("ip -4 rule del pref 5207").check()
    told = ""
    with read_only(machine, "/var/lib/meshstrap"):
        machine.run("systemctl", "start", "meshstrap").check()
        for _ in range(60):
            told = bootstrap(machine, "--status").out
            if "changed  mesh_guards" in told:
                break
            machine.run("sleep", "0.5")
        assert "changed  mesh_guards" in told, "the steps go on, and --status knows it"
        assert status(machine) == old
        assert "cannot write /var/lib/meshstrap/status.json" in machine.journal("-u", "meshstrap")
    start_again(machine)
    now = wait_cured(machine)
    assert f"{now['state']}, try {now['tries']}" in bootstrap(machine, "--status").out
