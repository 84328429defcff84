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

# What people install who render, and what else tests and linters need.
REQUIREMENTS = "requirements.txt"
TEST_REQUIREMENTS = "tests/requirements.txt"
# What drives a browser, for the page's own tests: most people need none of it.
PAGE_REQUIREMENTS = "tests/page/requirements.txt"
PAGE_PACKAGES = ("chromium", "fonts-noto-cjk")
# axe-core and Mermaid, pinned by tests/page/package-lock.json: one judges the page, the other the pictures.
PAGE_MODULES = Path(".nox", "page")
# What builds, boots and connects the machines of the lab, and makes the repositories that they install from.
DEBIAN_PACKAGES = tuple(
    "systemd-container mmdebstrap debian-archive-keyring dnsmasq-base nftables iptables iproute2 procps e2fsprogs curl "
    "gpg gpg-agent dpkg-dev apt-utils conntrack tcpdump zstd".split()
)
# What emulates arm64 machines: QEMU, its firmware, and what makes a disk for it out of Debian's packages.
EMULATION_PACKAGES = tuple(
    "qemu-system-arm qemu-efi-aarch64 qemu-user-static qemu-utils arch-test dosfstools mtools fdisk "
    "openssh-client".split()
)
# The tests that compare what is kept with what is made.
GENERATED = (
    "tests/golden",
    *(
        f"tests/unit/test_{name}.py"
        for name in ("house_documents", "rendered_figures", "schemas", "support_table", "explain")
    ),
)
ENVIRONMENT = Path(".nox", "meshstrap")
PROGRAMS = ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin")


def install(session: nox.Session, *more: str) -> None:
    """Install exactly what both files of requirements pin, and what ``more`` does, into the sessions' environment."""
    python = str(PROGRAMS / "python")
    make: tuple[str, ...] = (sys.executable, "-m", "venv")
    pip: tuple[str, ...] = (python, "-m", "pip", "install")
    complete = PROGRAMS / "pip"
    if shutil.which("uv"):
        make, pip, complete = ("uv", "venv"), ("uv", "pip", "install", f"--python={python}"), PROGRAMS / "python"
    if not complete.exists():
        session.run(*make, str(ENVIRONMENT))
    for file in (REQUIREMENTS, TEST_REQUIREMENTS, *more):
        session.run(*pip, "--quiet", "--require-hashes", "--requirement", file)


def run(session: nox.Session, program: str, *arguments: str) -> None:
    """Run a program of that environment, whatever else is on PATH."""
    session.run(str(PROGRAMS / program), *arguments)


def install_debian_packages(session: nox.Session, packages: tuple[str, ...]) -> None:
    """Install Debian's packages, when one of them is missing."""
    ask = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", "--")
    answers = (session.run(*ask, name, silent=True, success_codes=[0, 1], external=True) for name in packages)
    if all(str(answer).strip() == "installed" for answer in answers):
        return
    session.run("apt-get", "--quiet", "update", external=True)
    options = ("--quiet", "--yes", "--no-install-recommends")
    session.run("apt-get", *options, "install", *packages, external=True, env={"DEBIAN_FRONTEND": "noninteractive"})


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
    # A test that hangs is ended and named. The limit is so far from what any of them takes that no load decides it.
    run(session, "pytest", "--numprocesses=2", "--timeout=900", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it in a fresh environment, and hold what it does against the clone."""
    install(session)
    run(session, "pytest", "--timeout=900", *session.posargs, "tests/wheel")


def install_lab(session: nox.Session, *more: str) -> None:
    """Install what the lab's machines are made of; an error in one line where they cannot be booted."""
    if sys.platform != "linux" or os.geteuid() != 0:
        session.error("the lab boots machines in namespaces of their own: run it as root, on Linux")
    if not shutil.which("go"):
        session.error("the lab builds what its machines install: it needs Go, 1.26.8 or newer")
    import fcntl  # noqa: PLC0415 - there is none on Windows, where the other sessions run

    ENVIRONMENT.parent.mkdir(exist_ok=True)
    # CI builds what the cluster needs while the lab runs: neither apt nor pip likes a second one beside itself.
    with (ENVIRONMENT.parent / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install(session)
        install_debian_packages(session, (*DEBIAN_PACKAGES, *more))


def chosen(session: nox.Session, folder: str) -> tuple[str, ...]:
    """What follows `--`, and all tests of a folder unless it names some."""
    named = any(word.startswith("tests/") for word in session.posargs)
    return (*session.posargs, *(() if named else (folder,)))


@nox.session(default=False)
def lab(session: nox.Session) -> None:
    """Boot the rendered nodes on real machines, and print what they have shown: a part of it, another one each day.

    `-- --all`: everything; `-- --part K`: that part; `-- tests/lab/…`: these tests. `-- --beside`: do not wait for
    another lab on this machine.
    """
    install_lab(session)
    # A file's tests share machines, so one process runs all of them.
    run(session, "pytest", "--numprocesses=2", "--dist=loadfile", "--durations=15", *chosen(session, "tests/lab"))


@nox.session(default=False)
def cluster(session: nox.Session) -> None:
    """Launch a whole cluster in three accounts, disturb it, and print what it has shown: a part of it each day.

    What follows `--` is as for `lab`.
    """
    install_lab(session)
    run(session, "pytest", "--durations=15", *chosen(session, "tests/cluster"))


@nox.session(default=False)
def supplies(session: nox.Session) -> None:
    """Build what the cluster's nodes download, which any session that needs it would build too.

    `-- --behind`: only while nothing else wants the CPUs.
    """
    install_lab(session)
    python = (str(PROGRAMS / "python"), "-m", "tests.cluster.supplies", *session.posargs)
    session.run(*(a_session_of_its_own() if "--behind" in session.posargs else ()), *python, external=True)


def a_session_of_its_own() -> tuple[str, ...]:
    """Who gets the CPUs is decided between sessions of processes (sched(7), autogroup); one that leads one has it."""
    return () if os.getsid(0) == os.getpid() else ("setsid", "--wait")


@nox.session(default=False)
def arm64(session: nox.Session) -> None:
    """Boot a rendered node on an emulated arm64 machine with a kernel, a firmware and disks of its own.

    `-- --behind`: only build what it needs, while nothing else wants the CPUs. Else what follows `--` is as for `lab`,
    a part of it each day; with `-- --all` such a machine also joins a cluster of the cluster lab.
    """
    install_lab(session, *EMULATION_PACKAGES)
    if "--behind" in session.posargs:
        session.run(*a_session_of_its_own(), str(PROGRAMS / "python"), "-m", "tests.arm64.supplies", external=True)
        return
    run(session, "pytest", "--durations=15", *chosen(session, "tests/arm64"))


@nox.session(default=False)
def page(session: nox.Session) -> None:
    """Open the page and the pictures in a real browser; what follows `--` goes to pytest."""
    if not shutil.which("npm"):
        session.error("the page is judged by axe-core, the pictures by Mermaid: this needs npm to fetch both")
    if not shutil.which("chromium"):
        if not shutil.which("apt-get") or os.geteuid() != 0:
            session.error("the page's tests need chromium: install it, or run this as root on Debian")
        install_debian_packages(session, PAGE_PACKAGES)
    install(session, PAGE_REQUIREMENTS)
    PAGE_MODULES.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path("tests", "page", name), PAGE_MODULES)
    npm = ("npm", "--prefix", str(PAGE_MODULES), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    session.run(*npm, "ci", external=True)
    run(session, "pytest", *session.posargs, "tests/page")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure time, memory and bytes for 1, 10 and 100 nodes, or for the numbers that follow `--`.

    As root it waits for a lab on this machine to end; `-- --beside` does not.

    `-- lab`, as root: the second run on a machine of the node lab beside the first.
    `-- verify [ROUNDS]`, as root: `invoke verify` of ten hosts beside one.
    `-- cluster [ROUNDS] [--write]`, as root: a whole cluster beside the guide's own commands, and what it costs.
    `-- paths [--write]`, as root: the ways of pods' packets beside the bare tailnet, on one cluster.
    `--write` puts the figures into docs/costs.md.
    """
    install(session)
    run(session, "python", "-m", "tests.bench", *session.posargs)


@nox.session(default=False)
def korean(session: nox.Session) -> None:
    """List the Korean texts that are missing, stale, or not what their English says.

    `-- --seen PLACE…`: those whose place begins so were read beside their English; without a place, all of them.
    """
    install(session)
    run(session, "python", "-m", "tests.korean", *session.posargs)


@nox.session(name="update-golden", default=False)
def update_golden(session: nox.Session) -> None:
    """Write the expected texts and the generated tables anew; then read the difference."""
    install(session)
    run(session, "invoke", "schema")
    run(session, "pytest", *GENERATED, "--update-golden", *session.posargs)


@nox.session(venv_backend="virtualenv", default=False)
def lock(session: nox.Session) -> None:
    """Pin and hash each requirements.txt anew from its requirements.in, for every platform and Python from 3.11 on."""
    session.install("--quiet", "uv==0.13.9")
    # No host and no path may get into the files, whatever this machine's configuration says of either.
    beside: list[str] = []
    for target in (REQUIREMENTS, TEST_REQUIREMENTS, PAGE_REQUIREMENTS):
        session.run(
            *("uv", "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version=3.11"),
            *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"),
            *("--custom-compile-command=nox -s lock", f"--output-file={target}", target.replace(".txt", ".in")),
            # What meshstrap itself needs; all of them go into the same environment.
            *(beside or ["pyproject.toml"]),
            *session.posargs,
        )
        beside.append(f"--constraint={target}")
