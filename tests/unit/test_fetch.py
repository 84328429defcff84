"""The code is fetched by its checksum: each way in which it does not come is named in the status, and healed later."""

from __future__ import annotations

import ast
import hashlib
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from meshstrap.rendering import render_script
from meshstrap.rendering.code import CodeFile, fetch_program, fetch_source, render_fetch
from meshstrap.rendering.quoting import sh
from tests.golden.cases import example_plan
from tests.status_schema import problems

TEXT = 'printf "%s\\n" "$NODE_NAME" "$#" "${STEPS[0]}"\n' + "# as long as code is\n" * 500 + "exit 7\n"
CODE = CodeFile(name="code-x.sh", text=TEXT, sha256=hashlib.sha256(TEXT.encode()).hexdigest())
PAGE = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
TEMPORARY_FAILURE = 75


@dataclass
class Served:
    """What a place answers with."""

    body: bytes = CODE.text.encode()
    code: int = 200
    length: int | None = None
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(served: Served, certificate: trustme.LeafCert | None = None, port: int = 0) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            self.send_response(served.code)
            self.send_header("Content-Length", str(len(served.body) if served.length is None else served.length))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Machine:
    """A folder with what the user-data drops, and the paths in it turned to the folder."""

    root: Path
    url: str = ""
    values: str = render_script(example_plan(), example_plan().node("w1")).header

    def drop(self, url: str, more: str = "") -> None:
        self.url = url
        self.values += more
        (self.root / "run").mkdir(parents=True)
        self.write("bootstrap.sh", self.values + render_fetch(f"{url}/meshstrap", CODE))
        self.write("fetch.py", fetch_source())

    def write(self, name: str, text: str) -> None:
        for path in ("/opt/meshstrap", "/var/lib/meshstrap", "/run/meshstrap.lock"):
            text = text.replace(path, str(self.root) + path.removeprefix("/opt/meshstrap"))
        (self.root / name).write_text(text)

    def run(self, *flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(self.root / "bootstrap.sh"), *flags],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "no_proxy": "*"},
        )

    @property
    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.root / "var/lib/meshstrap/status.json").read_text())
        assert problems(told) == []
        return told

    def waits(self, message: str) -> None:
        """A try ends with this reason, in the status and in the journal, and the script is as it was."""
        before = (self.root / "bootstrap.sh").read_bytes()
        done = self.run()
        assert done.returncode == TEMPORARY_FAILURE, done.stderr
        told = self.status
        where = f"{self.url}/meshstrap/code-x.sh"
        assert (told["state"], told["step"]) == ("waiting", "-")
        assert told["message"].startswith(f"no code from {where}: ")
        assert message in told["message"]
        assert message in done.stderr
        assert told["next"] == f"put the file of generated/code/ there; curl -I {where}"
        assert (self.root / "bootstrap.sh").read_bytes() == before

    def starts(self) -> None:
        """The code has come, and runs behind the node's values."""
        done = self.run()
        assert (done.returncode, done.stdout) == (7, "w1\n0\nmachine_supported\n"), done.stderr
        script = self.root / "bootstrap.sh"
        assert script.read_text() == self.values + CODE.text
        assert script.stat().st_mode & 0o777 == 0o755
        assert sorted(path.name for path in self.root.rglob("*.new")) == []
        # From now on nothing is asked for.
        assert self.run("--list").stdout == "w1\n1\nmachine_supported\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_comes_at_once(machine: Machine) -> None:
    served = Served()
    with serving(served) as url:
        machine.drop(url)
        machine.starts()
    assert served.asked == ["/meshstrap/code-x.sh"]
    told = machine.status
    assert (told["state"], told["tries"], told["node"], told["role"]) == ("running", 1, "w1", "worker")
    assert [step["name"] for step in told["steps"]] == list(example_plan().node("w1").steps)
    assert f"PLAN_HASH={told['plan_hash']}\n" in machine.values


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (Served(code=404, body=b"no such file"), "HTTP Error 404: Not Found"),
        (Served(body=CODE.text.replace("500", "501").encode() + b"x"), "what came has sha256 "),
        (Served(body=CODE.text.encode()[:700]), f"only 700 of {CODE.size} bytes came"),
        (Served(body=CODE.text.encode()[:700], length=CODE.size), f"only 700 of {CODE.size} bytes came"),
        (Served(body=b""), f"only 0 of {CODE.size} bytes came"),
        (Served(body=PAGE), "a web page came: does a proxy answer?"),
    ],
    ids=["not found", "wrong checksum", "truncated there", "cut on the way", "empty", "a proxy's page"],
)
def test_a_fault_is_named_and_healed(machine: Machine, served: Served, message: str) -> None:
    with serving(served) as url:
        machine.drop(url)
        machine.waits(message)
        machine.waits(message)
        assert machine.status["tries"] == 2
        # Whoever asks meanwhile is told the same.
        asked = machine.run("--status")
        assert json.loads(asked.stderr) == machine.status
        served.body, served.code, served.length = CODE.text.encode(), 200, None
        machine.starts()


def test_a_place_that_is_away_is_waited_for(machine: Machine) -> None:
    with serving(Served()) as url:
        pass
    machine.drop(url)
    machine.waits("Connection refused")
    with serving(Served(), port=int(url.rpartition(":")[2])):
        machine.starts()


@pytest.mark.parametrize("trusted", [True, False])
def test_the_inventorys_own_ca_is_believed_before_it_is_installed(machine: Machine, *, trusted: bool) -> None:
    authority = trustme.CA()
    pem = authority.cert_pem.bytes().decode().rstrip("\n")
    with serving(Served(), authority.issue_cert("127.0.0.1")) as url:
        machine.drop(url, f"readonly TRUSTED_CA={sh(pem)}\n" if trusted else "")
        if trusted:
            machine.starts()
        else:
            machine.waits("CERTIFICATE_VERIFY_FAILED")


def test_a_second_run_that_waited_for_the_first_leaves_its_work_alone(machine: Machine) -> None:
    served = Served(body=b"", code=500)
    with serving(served) as url:
        machine.drop(url)
        late = (machine.root / "bootstrap.sh").read_text()
        whole = machine.values + CODE.text.replace("exit 7", "exec true")
        (machine.root / "bootstrap.sh").write_text(whole)
        done = subprocess.run(["bash", "-c", late], capture_output=True, text=True, check=False)
    assert (done.returncode, served.asked) == (0, []), done.stderr
    assert (machine.root / "bootstrap.sh").read_text() == whole


def test_what_was_cut_off_is_begun_anew(machine: Machine) -> None:
    with serving(Served()) as url:
        machine.drop(url)
        (machine.root / "bootstrap.sh.new").write_text("half of i")
        machine.starts()


def test_what_travels_is_that_program_packed() -> None:
    program = fetch_program().replace("exec(", "print(")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout).decode() == fetch_source()
