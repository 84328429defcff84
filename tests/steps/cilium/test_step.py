"""Cilium: Helm itself, the release, releases that a killed run left pending, and the agent of this node."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from datetime import UTC, datetime, timedelta

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.sandbox import Outcome, Sandbox

VALUES = "kubeProxyReplacement: true\nMTU: 1280"
CHART = b"chart"
HELM_URL = "https://get.helm.sh/helm-v4.3.1-linux-arm64.tar.gz"
CHART_URL = "https://helm.cilium.io/cilium-1.20.2.tgz"

# Helm 4.3.1: revisions are files with a status and a description; it refuses to work beside a pending one.
HELM = r"""#!/usr/bin/env bash
R=ROOT; S=$R/state; F=$R/var/lib/meshstrap; W=$R/run/meshstrap; mkdir -p $S/release
printf '%s\n' "helm $*" >>$R/calls
[[ $HOME == $R/run/meshstrap && $1 == --kubeconfig && $3 == --namespace && $4 == kube-system ]] || exit 98
shift 4
last=$(ls $S/release | sort -n | tail -n 1)
case $* in
  "status cilium --output json")
    [[ ! -e $S/slow ]] || { echo 'Error: Kubernetes cluster unreachable: context deadline exceeded' >&2; exit 1; }
    [[ -n $last ]] || { echo 'Error: release: not found' >&2; exit 1; }
    read -r status description <$S/release/$last
    printf '{"name":"cilium","info":{"description":"%s","status":"%s"},"version":%s}\n' \
      "$description" "$status" $last ;;
  "get metadata cilium --output json")
    [[ ! -e $S/slow-metadata ]] || { echo 'Error: context deadline exceeded' >&2; exit 1; }
    printf '{"name":"cilium","chart":"cilium","version":"%s","appVersion":"1.0"}\n' "$(cat $S/chart-version)" ;;
  "get manifest cilium")
    [[ -n $last ]] || { echo 'Error: release: not found' >&2; exit 1; }
    echo 'kind: Deployment' ;;
  "upgrade --install --force-conflicts cilium $F/cilium.tgz --values $W/cilium-values.yaml --description "*)
    [[ $(cat $F/cilium.tgz) == chart ]] || exit 97
    cp $R/run/meshstrap/cilium-values.yaml $S/values
    read -r status _ 2>/dev/null <$S/release/${last:-0} || status=
    case $status in pending-*)
      echo 'Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress' >&2; exit 1 ;;
    esac
    next=$((${last:-0} + 1))
    if [[ -e $S/bad ]]; then
      echo "failed Release cilium failed: no match" >$S/release/$next; rm $S/bad
      echo 'Error: UPGRADE FAILED: no match' >&2; exit 1
    fi
    [[ -z $last || $status != deployed ]] || sed -i s/deployed/superseded/ $S/release/$last
    echo "deployed $9" >$S/release/$next ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""

PENDING = "owner=helm,name=cilium,status in (pending-install,pending-upgrade,pending-rollback)"
KUBECTL = r"""
  "delete secrets --namespace kube-system --selector PENDING")
    found=0
    for file in $S/release/*; do
      [[ -e $file ]] || continue
      case $(<$file) in pending-*) rm $file; found=1; echo "secret \"${file##*/}\" deleted" ;; esac
    done
    ((found)) || echo 'No resources found' >&2 ;;
  "diff --server-side --force-conflicts --field-manager=meshstrap --filename $R/run/meshstrap/manifest")
    [[ ! -e $S/by-hand ]] || { cat $S/by-hand; exit 1; } ;;
  "get daemonsets,deployments,pods --namespace kube-system --selector app.kubernetes.io/part-of=cilium "*)
    cat $S/pods ;;
""".replace("PENDING", PENDING)

CURL = r"""
while [[ $1 != --output ]]; do shift; done
[[ ! -e $S/offline ]] || { echo 'curl: (6) Could not resolve host' >&2; exit 6; }
case $3 in *helm-v4*) cp $S/helm.tar.gz "$2" ;; *cilium*) printf chart >"$2" ;; esac
"""


def ready(since: timedelta = timedelta()) -> str:
    """What jsonpath prints of a healthy node: template, pod's template, ready, started, operators, reasons."""
    return f"1|1|true|{(datetime.now(UTC) - since).strftime('%Y-%m-%dT%H:%M:%SZ')}|1| "


def helm_archive(sandbox: Sandbox, program: str) -> str:
    """The vendor's archive; returns its sha256."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in (("linux-arm64/README.md", "hello"), ("linux-arm64/helm", program)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    (sandbox.root / "state").mkdir()
    (sandbox.root / "state/helm.tar.gz").write_bytes(packed.getvalue())
    return hashlib.sha256(packed.getvalue()).hexdigest()


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A control plane without Cilium."""
    (sandbox.bin / "gzip").symlink_to(str(shutil.which("gzip")))
    sandbox.header |= {
        "NODE_NAME": "cp1",
        "STEPS": ("cilium",),
        "HELM_VERSION": "4.3.1",
        "HELM_URL": HELM_URL,
        "HELM_SHA256": helm_archive(sandbox, HELM.replace("ROOT", str(sandbox.root), 1)),
        "CILIUM_VERSION": "1.20.2",
        "CILIUM_CHART_URL": CHART_URL,
        "CILIUM_CHART_SHA256": hashlib.sha256(CHART).hexdigest(),
        "CILIUM_VALUES": VALUES,
    }
    stubs.set_state(sandbox, "api")
    stubs.set_state(sandbox, "pods", ready())
    stubs.set_state(sandbox, "chart-version", "1.20.2")
    stubs.stub_kubectl(sandbox, KUBECTL)
    sandbox.stub("curl", stubs.script(sandbox, CURL))
    return sandbox


def impatient(machine: Sandbox) -> Outcome:
    """A run that gives up at once on what it would wait for."""
    return machine.run("cilium", environment={"WAIT_LIMIT": "0"})


def upgrades(done: Outcome) -> int:
    """How often Helm was asked to change something."""
    return sum(" upgrade --install " in call for call in done.calls)


def test_new_then_nothing(machine: Sandbox) -> None:
    first = machine.run("cilium")
    assert (first.code, first.levels) == (0, ["change", "changed", "summary"]), first.log
    assert machine.read("state/values") == VALUES + "\n"
    assert machine.read("state/release/1").startswith("deployed meshstrap ")
    assert sorted(path.name for path in (machine.root / "opt/meshstrap").iterdir()) == ["helm-4.3.1"]
    assert not machine.exists("var/lib/meshstrap/helm.tar.gz")
    second = machine.run("cilium")
    assert (second.code, second.levels) == (0, ["ok", "summary"]), second.log
    assert [call.split()[0] for call in second.calls] == ["helm", "kubectl"]
    assert machine.run("cilium", check_only=True).code == 0


@pytest.mark.parametrize("name", ["CILIUM_VALUES", "CILIUM_CHART_SHA256"], ids=["values", "chart"])
def test_another_plan_upgrades(machine: Sandbox, name: str) -> None:
    machine.run("cilium")
    if name == "CILIUM_VALUES":
        machine.header[name] = "MTU: 1200"
    else:
        machine.stub("curl", stubs.script(machine, CURL.replace("printf chart", "printf 'chart\n'")))
        machine.header[name] = hashlib.sha256(b"chart\n").hexdigest()
    done = machine.run("cilium")
    assert (done.levels, upgrades(done)) == (["change", "changed", "summary"], 1), done.log
    assert machine.read("state/release/1").startswith("superseded")


def test_an_upgrade_by_hand_is_drift(machine: Sandbox) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "release/2", "deployed Upgrade complete\n")
    assert machine.run("cilium").levels == ["change", "changed", "summary"]


@pytest.mark.parametrize(
    ("version", "kept"), [("1.20.10", True), ("1.21.0", True), ("1.20.1", False), ("1.19.9", False)]
)
def test_a_chart_that_a_person_has_upgraded_stays_and_is_said(machine: Sandbox, version: str, kept: bool) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "release/2", "deployed Upgrade complete\n")
    stubs.set_state(machine, "chart-version", version)
    checked = machine.run("cilium", check_only=True)
    assert checked.code == (0 if kept else 1), checked.log
    said = f"warn    cilium: newer than the plan: cilium-{version}; plan it or pass --downgrade"
    assert (said in checked.log) == kept
    done = machine.run("cilium")
    assert upgrades(done) == (0 if kept else 1), done.log
    (machine.root / "opt/meshstrap/helm-4.3.1").unlink()
    assert upgrades(machine.run("cilium")) == 0


@pytest.mark.parametrize(("version", "planned"), [("1.17.9", "1.20.2"), ("1.18.4", "1.20.2"), ("1.20.2", "1.22.0")])
def test_no_minor_version_is_skipped(machine: Sandbox, version: str, planned: str) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "chart-version", version)
    machine.header |= {"CILIUM_VERSION": planned, "CILIUM_VALUES": "MTU: 1200"}
    done = machine.run("cilium")
    assert (done.code, upgrades(done)) == (1, 0), done.log
    assert f"Cilium {version} is not upgraded to {planned} at once" in done.log


def test_a_chart_whose_version_was_not_told_is_left_alone(machine: Sandbox) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "release/2", "deployed Upgrade complete\n")
    stubs.set_state(machine, "slow-metadata")
    done = machine.run("cilium")
    assert (done.code, upgrades(done)) == (1, 0), done.log
    assert "cannot tell the current state (exit 3): Error: context deadline exceeded" in done.log


def test_a_newer_chart_is_taken_back_when_somebody_says_so(machine: Sandbox) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "release/2", "deployed Upgrade complete\n")
    stubs.set_state(machine, "chart-version", "1.21.0")
    assert upgrades(machine.run("cilium", downgrade=True)) == 1


def test_what_people_have_changed_in_the_chart_is_undone_and_shown(machine: Sandbox) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "by-hand", "-  replicas: 3\n+  replicas: 1\n")
    assert machine.run("cilium").levels == ["ok", "summary"]
    machine.header["CILIUM_VALUES"] = "MTU: 1200"
    done = machine.run("cilium")
    assert (done.code, upgrades(done)) == (0, 1), done.log
    assert done.levels == ["change", "change", "changed", "summary"]
    assert "undoes what was changed by hand" in done.log
    assert "-  replicas: 3\n+  replicas: 1\n" in done.log


def test_what_people_have_changed_cannot_be_shown_and_is_undone(machine: Sandbox) -> None:
    machine.run("cilium")
    machine.header["CILIUM_VALUES"] = "MTU: 1200"
    stubs.set_state(machine, "by-hand")
    stubs.stub_kubectl(machine, KUBECTL.replace("cat $S/by-hand; exit 1", "echo 'no such program: diff' >&2; exit 2"))
    done = machine.run("cilium")
    assert (done.code, upgrades(done)) == (0, 1), done.log


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
@pytest.mark.parametrize("before", [False, True], ids=["first", "upgrade"])
def test_killed_helm(machine: Sandbox, status: str, before: bool) -> None:
    if before:
        machine.run("cilium")
        machine.header["CILIUM_VALUES"] = "MTU: 1200"
    stubs.set_state(machine, f"release/{2 if before else 1}", f"{status} Initial install underway\n")
    done = machine.run("cilium")
    assert (done.levels, upgrades(done)) == (["change", "changed", "summary"], 1), done.log
    assert not any("rollback cilium" in call or "uninstall" in call for call in done.calls)


def test_helm_fails_then_goes_on(machine: Sandbox) -> None:
    stubs.set_state(machine, "bad")
    done = machine.run("cilium")
    assert (done.code, done.levels) == (1, ["change", "error"]), done.log
    assert "failed 1 times (exit 1): Error: UPGRADE FAILED: no match" in done.log
    assert machine.run("cilium").levels == ["change", "changed", "summary"]


def test_wrong_checksum_installs_nothing(machine: Sandbox) -> None:
    machine.header["HELM_SHA256"] = "0" * 64
    done = machine.run("cilium")
    assert (done.code, "nothing was installed" in done.log) == (1, True)
    assert not machine.exists("opt/meshstrap/helm-4.3.1")


def test_new_helm_takes_the_place_of_the_old(machine: Sandbox) -> None:
    machine.write("opt/meshstrap/helm-4.2.9", "old", 0o755)
    machine.write("opt/meshstrap/bootstrap.sh", "stays", 0o755)
    machine.run("cilium")
    assert sorted(path.name for path in (machine.root / "opt/meshstrap").iterdir()) == ["bootstrap.sh", "helm-4.3.1"]


@pytest.mark.parametrize(
    ("pods", "why"),
    [
        ("1|1|false||1| ImagePullBackOff", "agent false, 1 operators  ImagePullBackOff"),
        ("1|1|||1|PodInitializing ", "agent absent, 1 operators PodInitializing"),
        (ready().replace("1|1|true", "2|1|true"), "agent true, 1 operators"),
        (ready().replace("1|1|true", "2|1 2|true false"), "agent true false, 1 operators"),
        (ready().replace("Z|1|", "Z||"), "agent true, no operators"),
        ("||||| ", "agent absent, no operators"),
        (ready(timedelta(days=9999)), "agent true, 1 operators"),
    ],
    ids=["images", "init", "old template", "rolling", "no operator", "nothing", "from before the boot"],
)
def test_waits_for_the_agent_and_changes_nothing(machine: Sandbox, pods: str, why: str) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "pods", pods)
    stubs.set_state(machine, "offline")
    done = impatient(machine)
    assert done.code == 75
    assert f"no Cilium on cp1 yet: {why}" in done.log
    assert upgrades(done) == 0
    assert '"state":"waiting"' in machine.read("var/lib/meshstrap/status.json")


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("cilium")
    stubs.set_state(machine, "slow")
    done = machine.run("cilium")
    assert (done.code, done.levels) == (1, ["error"])
    assert "cannot tell the current state (exit 2): Error: Kubernetes cluster unreachable" in done.log
