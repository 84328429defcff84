"""What contributors and CI run: `nox` is the gate before a commit, `nox -l` shows the rest."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2026.4"
# One environment for all sessions, made below: the same packages in one per session would be installed five times.
nox.options.default_venv_backend = "none"

REQUIREMENTS = "requirements.txt"
# What builds, boots and connects the machines of the lab, and makes the repositories that they install from.
DEBIAN_PACKAGES = tuple(
    "systemd-container mmdebstrap debian-archive-keyring dnsmasq-base nftables iptables iproute2 procps e2fsprogs curl "
    "gpg gpg-agent dpkg-dev apt-utils conntrack tcpdump".split()
)
# The tests that compare what is kept with what is made.
GENERATED = ("tests/golden", "tests/unit/test_house_documents.py", "tests/unit/test_support_table.py")
ENVIRONMENT = Path(".nox", "meshstrap")
PROGRAMS = ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin")


def install(session: nox.Session) -> None:
    """Install exactly what requirements.txt pins into the sessions' environment."""
    python = str(PROGRAMS / "python")
    make: tuple[str, ...] = (sys.executable, "-m", "venv")
    pip: tuple[str, ...] = (python, "-m", "pip", "install")
    complete = PROGRAMS / "pip"
    if shutil.which("uv"):
        make, pip, complete = ("uv", "venv"), ("uv", "pip", "install", f"--python={python}"), PROGRAMS / "python"
    if not complete.exists():
        session.run(*make, str(ENVIRONMENT))
    session.run(*pip, "--quiet", "--require-hashes", "--requirement", REQUIREMENTS)


def run(session: nox.Session, program: str, *arguments: str) -> None:
    """Run a program of that environment, whatever else is on PATH."""
    session.run(str(PROGRAMS / program), *arguments)


def install_debian_packages(session: nox.Session) -> None:
    """Install what the lab is made of, when something of it is missing."""
    ask = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", "--")
    answers = (session.run(*ask, name, silent=True, success_codes=[0, 1], external=True) for name in DEBIAN_PACKAGES)
    if all(str(answer).strip() == "installed" for answer in answers):
        return
    session.run("apt-get", "--quiet", "update", external=True)
    options = ("--quiet", "--yes", "--no-install-recommends")
    session.run(
        "apt-get", *options, "install", *DEBIAN_PACKAGES, external=True, env={"DEBIAN_FRONTEND": "noninteractive"}
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Hold Python against ruff and mypy, and bash against shellcheck."""
    install(session)
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")
    run(session, "mypy")
    run(session, "invoke", "lint")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need no machine; what follows `--` goes to pytest."""
    install(session)
    run(session, "pytest", "--numprocesses=2", *session.posargs)


@nox.session(default=False)
def lab(session: nox.Session) -> None:
    """Boot the rendered nodes on real machines, and print what they have shown; what follows `--` goes to pytest."""
    if sys.platform != "linux" or os.geteuid() != 0:
        session.error("the lab boots machines in namespaces of their own: run it as root, on Linux")
    if not shutil.which("go"):
        session.error("the lab builds what its machines install: it needs Go, 1.26.8 or newer")
    install(session)
    install_debian_packages(session)
    # A file's tests share machines, so one process runs all of them.
    options = ("--numprocesses=2", "--dist=loadfile")
    chosen = any(word.startswith("tests/") for word in session.posargs)
    run(session, "pytest", *options, *session.posargs, *(() if chosen else ("tests/lab",)))


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure time, memory and bytes for 1, 10, 100 and 1,000 nodes, or for the numbers that follow `--`.

    `-- lab`, as root: the second run on a machine of the node lab beside the first.
    `-- cluster [ROUNDS] [--write]`, as root: a whole cluster beside the guide's own commands, what it carries and
    costs; `--write` puts that into the README.
    """
    install(session)
    run(session, "python", "-m", "tests.bench", *session.posargs)


@nox.session(name="update-golden", default=False)
def update_golden(session: nox.Session) -> None:
    """Write the expected texts and the generated tables anew; then read the difference."""
    install(session)
    run(session, "invoke", "schema")
    run(session, "pytest", *GENERATED, "--update-golden", *session.posargs)


@nox.session(venv_backend="virtualenv", default=False)
def lock(session: nox.Session) -> None:
    """Pin and hash requirements.txt anew from requirements.in, for every platform and Python from 3.11 on."""
    session.install("--quiet", "uv==0.13.9")
    # No host and no path may get into the file, whatever this machine's configuration says of either.
    session.run(
        *("uv", "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version=3.11"),
        *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"),
        *("--custom-compile-command=nox -s lock", f"--output-file={REQUIREMENTS}", "requirements.in"),
        *session.posargs,
    )
