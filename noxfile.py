"""What contributors and CI run: `nox` is the gate before a commit, `nox -l` shows the rest."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2026.4"
# One environment for all sessions, made below: the same packages in one per session would be installed five times.
nox.options.default_venv_backend = "none"

REQUIREMENTS = "requirements.txt"
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
def bench(session: nox.Session) -> None:
    """Measure time, memory and bytes for 1, 10, 100 and 1,000 nodes, or for the numbers that follow `--`."""
    install(session)
    run(session, "python", "-m", "tests.bench", *session.posargs)


@nox.session(name="update-golden", default=False)
def update_golden(session: nox.Session) -> None:
    """Write the expected texts and the generated tables anew; then read the difference."""
    install(session)
    run(session, "invoke", "schema")
    run(session, "pytest", "tests/golden", "tests/unit/test_house_documents.py", "--update-golden", *session.posargs)


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
