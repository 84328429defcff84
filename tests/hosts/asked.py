"""A run with ``--hosts``: these tests alone, all hosts asked at once, verdicts and no traces."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from testinfra.backend.ssh import SshBackend
from testinfra.host import Host

from meshstrap.compat import version_rules
from meshstrap.errors import MeshstrapError, NotAllAsked
from meshstrap.inventory import load_inventory
from meshstrap.plan import Plan, derive_plan
from meshstrap.ssh import Answer, Programs
from meshstrap.verify.arrival import Arrival
from meshstrap.verify.check import Check
from meshstrap.verify.cluster import WHOLE_SECONDS as CLUSTER_SECONDS
from meshstrap.verify.reach import FIRST_SECONDS, SSH_OPTIONS, WHOLE_SECONDS
from meshstrap.verify.run import HOSTS_AT_ONCE, Request, ask
from meshstrap.verify.verdict import Outcome, Verdict

WIDTH = 110
CANNOT_TELL = ("meshstrap", "cannot tell")
NOT_FOR_LONG = ("meshstrap", "not for long")


def plan_of(path: Path) -> Plan:
    """The plan of an inventory."""
    try:
        return derive_plan(load_inventory(path, rules=(version_rules,)))
    except MeshstrapError as error:
        raise pytest.UsageError(str(error)) from error


def runner(host: Host, programs: Programs, whole: float) -> Callable[[str], Answer]:
    """Run commands on testinfra's host, in its own way: ssh asks nobody, and whatever it starts ends in time."""
    backend = host.backend
    # A password in the host's URL comes from sshpass, which answers a question that batch mode does not ask.
    if isinstance(backend, SshBackend) and not backend.host.password:
        backend.ssh_extra_args = " ".join((backend.ssh_extra_args or "", *SSH_OPTIONS)).strip()

    # testinfra's own waits for ever, and raises where ssh itself has failed.
    def run_local(line: str, *arguments: str) -> Answer:
        words = backend.quote(line, *arguments)
        ran = programs.run(["/bin/sh", "-c", words], first=FIRST_SECONDS, whole=whole)
        kept.append(ran)
        return backend.result(ran.code, words.encode(), ran.out.encode(), ran.err.encode())  # type: ignore[no-any-return]

    kept: list[Answer] = []
    backend.run_local = run_local

    def run(command: str) -> Answer:
        try:
            ran = host.run(command)
        except RuntimeError:
            return kept[-1]
        return Answer(code=ran.rc, out=ran.stdout, err=ran.stderr)

    return run


class Hosts:
    """The plugin: the plan, and each host's answers once they have come."""

    def __init__(self, config: pytest.Config) -> None:
        inventory = Path(config.getoption("--inventory"))
        self._inventory = inventory
        self._request = Request(
            plan=plan_of(inventory), cluster=config.getoption("--cluster"), image=config.getoption("--image")
        )
        self._pool = ThreadPoolExecutor(max_workers=HOSTS_AT_ONCE)
        self._programs = Programs()
        self._differs = False
        self._chosen: set[tuple[str, str]] = set()
        self._arrivals: dict[str, Future[Arrival]] = {}
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args = [str(Path(__file__).parent)]
        # testinfra's own default is a library that is not among the requirements.
        config.option.connection = config.option.connection or "ssh"

    @property
    def whole(self) -> bool:
        """Whether the whole cluster is asked, too."""
        return self._request.cluster

    def arrival(self, host: Host) -> Arrival:
        """What a host has answered; it is asked once."""
        return self._begin(host).result()

    def _begin(self, host: Host) -> Future[Arrival]:
        name = host.backend.get_pytest_id()
        if name not in self._arrivals:
            run = runner(host, self._programs, CLUSTER_SECONDS if self.whole else WHOLE_SECONDS)
            self._arrivals[name] = self._pool.submit(ask, self._request, host.backend.get_hostname(), run)
        return self._arrivals[name]

    def asks(self, host: Host, check: str) -> bool:
        """Whether this run has that check of that host."""
        return (host.backend.get_pytest_id(), check) in self._chosen

    def pytest_report_header(self) -> str:
        """Which plan the hosts are held against."""
        return f"{self._request.plan.name}: {len(self._request.plan.nodes)} nodes of {self._inventory}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Ask all hosts at once."""
        for item in session.items:
            params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            host, check = params.get("_testinfra_host"), params.get("check")
            if isinstance(host, Host) and isinstance(check, Check):
                self._chosen.add((host.backend.get_pytest_id(), check.id))
                if not session.config.option.collectonly:
                    self._begin(host)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether anything but an answer is missing."""
        self._differs = self._differs or (report.failed and CANNOT_TELL not in report.user_properties)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """With nothing but questions that could not be asked it ends as `invoke verify` does."""
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and not self._differs:
            session.exitstatus = NotAllAsked.exit_code

    def pytest_unconfigure(self) -> None:
        """Wait for nobody: who has not answered by now is not heard."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._programs.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, str | tuple[str, Mapping[str, bool]]] | None:
        """A question that could not be asked is neither passed nor failed; what will not hold for long is yellow."""
        if report.when != "call":
            return None
        if NOT_FOR_LONG in report.user_properties:
            return NOT_FOR_LONG[1], "!", ("NOT FOR LONG", {"yellow": True})
        return ("cannot tell", "?", "CANNOT TELL") if CANNOT_TELL in report.user_properties else None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what could not be asked, and what will not hold for long, as pytest prints failures."""
        for _, category in (CANNOT_TELL, NOT_FOR_LONG):
            reports = terminalreporter.getreports(category)
            if reports:
                terminalreporter.section(category.upper())
            for report in reports:
                terminalreporter.write_sep("_", report.head_line or report.nodeid)
                own = [text for name, text in report.sections if NOT_FOR_LONG[0] in name]
                terminalreporter.write_line("\n".join(own) or report.longreprtext)


def printed(verdict: Verdict) -> str:
    """What is expected and why, what was found or could not be asked, what to do."""
    seen = "cannot tell" if verdict.outcome is Outcome.UNKNOWN else "found"
    lines = (("expected", verdict.expected), (seen, verdict.found), ("because", verdict.why), ("to do", verdict.fix))
    return "\n".join(
        textwrap.fill(text, WIDTH, initial_indent=f"{name:<13}", subsequent_indent=" " * 13, break_on_hyphens=False)
        for name, text in lines
        if text
    )
