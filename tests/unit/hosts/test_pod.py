"""What runs in the pods of a cluster's verification, here on this machine's own loopback."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshstrap.verify import pod
from meshstrap.verify.pods import pod_manifest, program, service_manifest
from tests.processes import ended

HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    environment = {**os.environ, "NODE": "w1", "HOST": HERE}
    with ended(subprocess.Popen([sys.executable, "-c", program(), "serve"], env=environment)) as process:
        while pod.opens(HERE, pod.HTTP_PORT):
            assert process.poll() is None, "it has ended"
            time.sleep(0.05)
        yield


def free_port() -> int:
    with socket.socket() as one:
        one.bind((HERE, 0))
        return int(one.getsockname()[1])


@pytest.mark.usefixtures("server")
def test_a_pod_says_its_node_and_sends_as_much_as_is_wanted() -> None:
    assert pod.fetch(HERE, pod.HTTP_PORT) == b"w1"
    assert pod.transfer(HERE, 1 << 20, 10)["seconds"] > 0
    assert pod.backends(HERE, pod.HTTP_PORT, 1) == {"seen": ["w1"], "errors": []}
    assert pod.backends(HERE, pod.HTTP_PORT, 2)["seen"] == ["w1"], "it does not ask for ever"


@pytest.mark.usefixtures("server")
def test_a_packet_is_told_apart_from_one_that_is_too_large() -> None:
    mtu = int(Path("/sys/class/net/lo/mtu").read_text())
    # What UDP can carry ends before loopback's own MTU does.
    assert pod.pass_through(HERE, min(mtu, 65535)) == ""
    assert pod.pass_through(HERE, 65536) == "Message too long"


def test_silence_and_refusal_have_their_words() -> None:
    port = free_port()
    assert "refused" in pod.opens(HERE, port)
    assert "refused" in pod.backends(HERE, port, 2)["errors"][0]
    assert pod.pass_through(HERE, 1000) in {"Connection refused", "no answer", ""}
    assert "error" in pod.resolve("nothing.invalid")
    assert pod.resolve("localhost")["addresses"] == [HERE]


def answering(reply: Callable[[bytes], bytes]) -> int:
    """A name server of one answer."""
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind((HERE, 0))

    def serve() -> None:
        with here:
            question, sender = here.recvfrom(4096)
            here.sendto(reply(question), sender)

    threading.Thread(target=serve, daemon=True).start()
    return int(here.getsockname()[1])


@pytest.mark.parametrize(("answers", "code", "said"), [(1, 0, ""), (0, 3, "no address (code 3)")])
def test_a_name_server_is_asked_as_the_rfc_says(
    monkeypatch: pytest.MonkeyPatch, answers: int, code: int, said: str
) -> None:
    asked: list[bytes] = []

    def reply(question: bytes) -> bytes:
        asked.append(question)
        return struct.pack("!6H", *struct.unpack("!H", question[:2]), 0x8180 | code, 1, answers, 0, 0)

    monkeypatch.setattr(pod, "DNS_PORT", answering(reply))
    assert pod.ask_server(HERE, "pkgs.k8s.io") == said
    assert asked[0][12:] == b"\x04pkgs\x03k8s\x02io\x00\x00\x01\x00\x01"


def test_the_program_runs_on_what_an_image_with_python_has() -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 8))"],
        input=program(),
        text=True,
        check=False,
    )
    assert ran.returncode == 0


def test_pods_need_no_privilege_and_end_by_themselves() -> None:
    spec = pod_manifest("w1", "registry.example.net/probe:1")["spec"]
    (container,) = spec["containers"]
    assert (spec["nodeName"], container["image"]) == ("w1", "registry.example.net/probe:1")
    assert spec["activeDeadlineSeconds"] > 0
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert service_manifest()["spec"]["selector"] == pod_manifest("w1", "")["metadata"]["labels"]
    # etcd takes 1.5 MiB in one object; a thousand pods are a thousand objects.
    assert len(json.dumps(spec)) < 20_000
