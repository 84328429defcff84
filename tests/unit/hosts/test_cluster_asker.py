"""The program that asks a whole cluster, with a kubectl that plays one: whatever happens, nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meshstrap.verify import cluster_asker
from meshstrap.verify.cluster import asked_of
from meshstrap.verify.reach import program_command
from tests.processes import ended
from tests.unit.hosts.green import plan

# Plays nodes cp1 and w1, and remembers namespaces as files.
KUBECTL = """\
#!{python}
import datetime, json, pathlib, sys, time
folder, words = pathlib.Path({folder!r}), [w for w in sys.argv[1:] if not w.startswith("--request")][2:]
with (folder / "calls").open("a") as file:
    file.write(" ".join(w for w in words if len(w) < 60) + "\\n")
def ready(yes): return {{"conditions": [{{"type": "Ready", "status": "True" if yes else "False"}}]}}
def listed(*items): print(json.dumps({{"items": items}}))
spaces, behaviour = folder / "spaces", (folder / "behaviour").read_text()
if words[0] == "get":
    if "nodes" in words:
        listed(*({{"metadata": {{"name": n}}, "status": {{**ready(True), "addresses":
            [{{"type": "InternalIP", "address": "127.0.0.9"}}]}}}} for n in ("cp1", "w1")))
    elif "pods,daemonsets" in words:
        listed({{"metadata": {{"name": "kube-proxy-x1"}}}}, *({{"metadata": {{"name": n, "labels":
            {{"k8s-app": "kube-dns"}}}}, "spec": {{"nodeName": n}}, "status": ready(n != "w2")}}
            for n in ("w2", "w1", "cp1")))
    elif "endpointslices" in words:
        listed({{"endpoints": [1, 2]}})
    elif "serviceaccounts" in words:
        listed({{}})
    elif "pods" in words:
        listed(*({{"metadata": {{"name": "probe-" + n}}, "spec": {{"nodeName": n}}, "status":
            {{**ready(behaviour != "no image"), "podIP": "10.244.0.1", "hostIP": "127.0.0.9", "phase": "Pending",
              "containerStatuses": [{{"state": {{"waiting": {{"reason": "ErrImagePull"}}}}}}]}}}}
            for n in ("cp1", "w1")))
    elif "services" in words:
        listed({{"spec": {{"clusterIP": "10.96.0.77", "ports": [{{"nodePort": 9}}]}}}})
    elif "namespaces" in words:
        listed(*({{"metadata": {{"name": one.name, "creationTimestamp": datetime.datetime.fromtimestamp(
            one.stat().st_mtime, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}}}} for one in spaces.iterdir()))
elif words[0] == "create" and len(words) == 2:
    (spaces / json.load(sys.stdin)["metadata"]["name"]).touch()
elif words[0] == "create":
    if behaviour == "refuses":
        sys.exit("Error from server (Forbidden): pods is forbidden")
elif words[0] == "delete":
    (spaces / words[2]).unlink(missing_ok=True)
elif words[0] == "exec":
    if behaviour == "hangs":
        time.sleep(120)
    program, peers = "def probe" in sys.stdin.read(), json.loads(words[-1])["peers"]
    print(json.dumps({{"pod": words[3], "program": program, "peers": peers}}))
"""


@dataclass
class FakeCluster:
    """A cluster that remembers what it was told."""

    folder: Path

    @property
    def calls(self) -> list[str]:
        """What kubectl was asked, in order."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def left(self) -> list[str]:
        """Namespaces that are still there."""
        return [path.name for path in (self.folder / "spaces").iterdir()]

    def behave(self, how: str) -> None:
        """From now on."""
        (self.folder / "behaviour").write_text(how)

    def start(self) -> subprocess.Popen[bytes]:
        """Run the program as it is run over SSH."""
        asked = asked_of(plan(), plan().node("cp1"), "registry.example.net/probe:1")
        text = program_command(cluster_asker, asked)
        assert len(text) < 60_000, "one argument, Linux takes 131,072 bytes of it (MAX_ARG_STRLEN)"
        script = subprocess.run(["sh", "-c", text.partition("| {")[0]], capture_output=True, check=True).stdout
        path = self.folder / "program"
        path.write_bytes(script)
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        return subprocess.Popen([sys.executable, str(path)], env=environment, stdout=subprocess.PIPE)

    def run(self) -> dict[str, Any]:
        """Its answer."""
        with ended(self.start()) as process:
            out, _ = process.communicate(timeout=120)
        told: dict[str, Any] = json.loads(out.decode().rstrip().rpartition("\n")[2])
        return told

    def wait_for(self, call: str) -> None:
        """Until kubectl was asked that."""
        deadline = time.monotonic() + 60
        while not any(call in one for one in self.calls):
            assert time.monotonic() < deadline, self.calls
            time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(KUBECTL.format(python=sys.executable, folder=str(tmp_path)))
    kubectl.chmod(0o755)
    (tmp_path / "spaces").mkdir()
    made = FakeCluster(tmp_path)
    made.behave("")
    return made


def test_all_pods_are_asked_and_nothing_is_left(cluster: FakeCluster) -> None:
    told = cluster.run()
    assert [node["name"] for node in told["nodes"]] == ["cp1", "w1"]
    assert told["proxies"] == ["kube-proxy-x1"]
    assert told["resolvers"] == ["cp1", "w1"]
    assert told["lacking"] == {}
    assert told["pods"]["w1"] == {"pod": "probe-w1", "program": True, "peers": {"cp1": "10.244.0.1"}}
    assert "refused" in told["node_port"]["cp1"]
    assert (told["left"], cluster.left) == ("", [])


def test_a_pod_that_does_not_start_is_waited_for_and_says_why(cluster: FakeCluster) -> None:
    cluster.behave("no image")
    with ended(cluster.start()) as process:
        cluster.wait_for("pods")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert cluster.left == []
    waiting = {"status": {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}]}}
    assert cluster_asker.why_not(waiting) == "ErrImagePull: no"
    assert cluster_asker.why_not({"status": {"phase": "Pending"}}) == "Pending"


def test_a_refusal_is_the_answer_and_nothing_is_left(cluster: FakeCluster) -> None:
    cluster.behave("refuses")
    told = cluster.run()
    assert told["error"] == "kubectl create: Error from server (Forbidden): pods is forbidden"
    assert cluster.left == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_whoever_is_told_to_end_leaves_nothing(cluster: FakeCluster, number: signal.Signals) -> None:
    cluster.behave("hangs")
    with ended(cluster.start()) as process:
        cluster.wait_for("exec")
        assert len(cluster.left) == 1
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert json.loads(out.decode().rstrip().rpartition("\n")[2])["error"].startswith("it was told to end")
    assert (process.returncode, cluster.left) == (128 + number, [])


def test_when_nobody_listens_any_more_nothing_is_left(cluster: FakeCluster) -> None:
    cluster.behave("hangs")
    with ended(cluster.start()) as process:
        cluster.wait_for("exec")
        assert process.stdout
        process.stdout.close()
        process.wait(timeout=60)
    assert cluster.left == []


def test_what_a_power_cut_has_left_is_removed_by_the_next_one_but_not_what_is_at_work(cluster: FakeCluster) -> None:
    old, young = (
        cluster.folder / "spaces" / "meshstrap-verify-old",
        cluster.folder / "spaces" / "meshstrap-verify-young",
    )
    for path, age in ((old, 3600), (young, 60)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    cluster.run()
    assert cluster.left == [young.name]
