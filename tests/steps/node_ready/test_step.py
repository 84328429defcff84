"""Ready, as the kubelet itself says, and said since it started."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.shell import kubernetes_stubs as stubs
from tests.shell.library_shell import facts_of, status
from tests.shell.sandbox import Sandbox
from tests.status_schema import problems


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A joined worker that is Ready."""
    sandbox.header |= {"STEPS": ("node_ready",)}
    sandbox.library = (*sandbox.library, "package_apt")
    stubs.stub_systemctl(sandbox)
    stubs.set_state(sandbox, "kubelet", "Mon 2026-11-23 06:00:00 UTC\n")
    stubs.set_state(sandbox, "api")
    stubs.set_state(sandbox, "ready", "True 2026-11-23T06:00:10Z kubelet is posting ready status")
    sandbox.stub(
        "curl", stubs.script(sandbox, '[[ $* == *"--unix-socket $R/run/cilium/cilium.sock "* && ! -e $S/silent ]]')
    )
    stubs.stub_kubectl(sandbox, '  "get node/w1 --output jsonpath="*) cat $S/ready ;;')
    return sandbox


def test_ready(machine: Sandbox) -> None:
    done = machine.run("node_ready")
    assert (done.code, done.levels) == (0, ["ok", "summary"]), done.log
    assert any(f"--kubeconfig {machine.root}/etc/kubernetes/kubelet.conf" in call for call in done.calls)
    assert machine.run("node_ready", check_only=True).code == 0


def test_waits_until_it_is(machine: Sandbox) -> None:
    stubs.set_state(machine, "ready", "False 2026-11-23T06:00:10Z container runtime network not ready")
    late = 'echo x >>$S/tries; [[ $(wc -l <$S/tries) -lt 4 ]] || echo "True 2026-11-23T06:00:20Z yes" >$S/ready; '
    late += "cat $S/ready"
    stubs.stub_kubectl(machine, f'  "get node/w1 --output jsonpath="*) {late} ;;')
    done = machine.run("node_ready")
    assert done.levels == ["change", "wait", "changed", "summary"], done.log


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "False 2026-11-23T06:00:10Z container runtime network not ready: NetworkReady=false\nmessage:cni plugin",
            "container runtime network not ready: NetworkReady=false message:cni plugin",
        ),
        ("Unknown 2026-11-23T06:00:10Z Kubelet stopped posting node status.", "Kubelet stopped posting node status."),
        ("", "the kubelet has not reported yet"),
        ("True 2026-11-23T05:59:00Z kubelet is posting ready status", "the kubelet has not reported yet"),
    ],
)
def test_not_ready(machine: Sandbox, said: str, why: str) -> None:
    stubs.set_state(machine, "ready", said)
    assert machine.run("node_ready", check_only=True).code == 1
    done = machine.run("node_ready", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert f"no Ready from the kubelet yet: {why}; what to do: journalctl -u kubelet" in done.log


def test_ready_of_before_the_boot_while_the_agent_is_not_there(machine: Sandbox) -> None:
    stubs.set_state(machine, "silent")
    done = machine.run("node_ready", environment={"WAIT_LIMIT": "0"})
    assert done.code == 75
    assert "no Ready from the kubelet yet: Cilium's agent does not answer yet; what to do: " in done.log


def test_cannot_ask(machine: Sandbox) -> None:
    stubs.clear_state(machine, "api")
    done = machine.run("node_ready", environment={"WAIT_LIMIT": "0"})
    assert (done.code, "was refused" in done.log) == (75, True), done.log


def test_cannot_tell(machine: Sandbox) -> None:
    (machine.bin / "kubectl").unlink()
    done = machine.run("node_ready")
    assert (done.code, done.levels) == (1, ["error"])
    assert "cannot tell the current state (exit 127)" in done.log


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, as the nodes do")
def test_what_ends_when_is_a_fact(machine: Sandbox) -> None:
    kubelet = machine.root / "var/lib/kubelet/pki"
    kubelet.mkdir(parents=True)
    (machine.root / "etc/kubernetes/pki/etcd").mkdir(parents=True)
    paths = [
        machine.root / path
        for path in (
            "etc/kubernetes/pki/ca.crt",
            "etc/kubernetes/pki/etcd/server.crt",
            "var/lib/kubelet/pki/kubelet.crt",
            "var/lib/kubelet/pki/kubelet-client-2026-11-29-12-00-00.pem",
        )
    ]
    for days, path in enumerate(paths, 1):
        make_certificate(path, days)
    (kubelet / "kubelet-client-current.pem").symlink_to(paths[-1])
    machine.write("etc/apt/keyrings/meshstrap-kubernetes.asc", "armour")
    machine.write("etc/apt/keyrings/meshstrap-docker.asc", "armour")
    machine.write("etc/apt/keyrings/other.asc", "armour")
    real(machine, "openssl")
    machine.stub("gpg", GPG)
    told = '{"BackendState": "Running", "Self": {"KeyExpiry": "2027-05-01T10:00:00Z"}}'
    machine.stub("tailscale", f"echo '{told}'")
    stubs.stub_kubectl(machine, '  "get node/w1 --output jsonpath="*) cat $S/ready ;;\n')
    facts = facts_of(machine, "node_ready")
    current = kubelet / "kubelet-client-current.pem"
    assert facts == {
        **{f"ends {path}": end_of(path) for path in [*paths[:3], current]},
        f"ends {machine.root}/etc/apt/keyrings/meshstrap-kubernetes.asc": "2026-12-29T00:00:00Z",
        "ends node-key": "2027-05-01T10:00:00Z",
    }
    assert problems(status(machine)) == []


def test_what_cannot_be_asked_is_not_listed_and_stops_nothing(machine: Sandbox) -> None:
    assert facts_of(machine, "node_ready") == {}


# gpg as it shows a key that expires, and one that does not.
GPG = """case $* in
  *meshstrap-kubernetes.asc) printf 'pub   rsa2048 2022-08-25 [SC] [expires: 2026-12-29]\\n      DE15B14486CD\\n' ;;
  *meshstrap-docker.asc) printf 'pub   rsa4096 2017-02-22 [SCEA]\\n      9DC858229FC7\\n' ;;
  *) exit 2 ;;
esac"""


def make_certificate(path: Path, days: int) -> None:
    """One that signs itself."""
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days {days}"
    files = ("-keyout", str(path.with_suffix(".key")), "-out", str(path))
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True)


def end_of(path: Path) -> str:
    """When a certificate ends, as the status says it."""
    shown = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-enddate"], check=True, capture_output=True, text=True
    ).stdout
    end = datetime.strptime(" ".join(shown.split("=")[1].split()), "%b %d %H:%M:%S %Y GMT")  # noqa: DTZ007 - says GMT
    return f"{end:%Y-%m-%dT%H:%M:%SZ}"


def real(machine: Sandbox, name: str) -> None:
    """The machine's own program instead of a stub."""
    (machine.bin / name).unlink(missing_ok=True)
    (machine.bin / name).symlink_to(str(shutil.which(name)))
