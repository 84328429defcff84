"""What a run with ``--hosts`` does differently: only these tests, all hosts asked at once, verdicts and no traces."""

from __future__ import annotations

import json
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from testinfra.backend.base import CommandResult
from testinfra.backend.ssh import SshBackend
from testinfra.host import Host
from xdist.scheduler.loadscope import LoadScopeScheduling

from meshstrap.compat import version_rules
from meshstrap.errors import MeshstrapError
from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.check import Check, check_of
from meshstrap.fleet.cluster import STEP, ask_cluster, questions_of_the_whole
from meshstrap.fleet.cluster import WHOLE_SECONDS as CLUSTER_SECONDS
from meshstrap.fleet.machine import NotAsPlanned
from meshstrap.fleet.questions import questions
from meshstrap.fleet.reach import FIRST_SECONDS, SSH_OPTIONS, WHOLE_SECONDS, ask_host
from meshstrap.fleet.verdict import TOPICS, Outcome, Verdict, parse_verdict, verdict_line
from meshstrap.inventory import load_inventory
from meshstrap.plan import Plan, derive_plan
from meshstrap.plan.hosts.names import PROBE_IMAGE
from meshstrap.ssh import Programs
from tests.hosts.arrival import Arrival, arrive
from tests.hosts.judging import judge, printed, topic_of

# Each is a process that mostly waits; a fleet is seldom larger.
HOSTS_AT_ONCE = 32
# Whether it is there and whether it is done is said before anything else.
ORDER = ("machine", "converged", *(topic for topic in TOPICS if topic not in {"machine", "converged"}))


def plan_of(path: Path) -> Plan:
    """The plan of an inventory."""
    try:
        return derive_plan(load_inventory(path, rules=(version_rules,)))
    except MeshstrapError as error:
        raise pytest.UsageError(str(error)) from error


def prepare(host: Host, programs: Programs, whole: float) -> None:
    """Let ssh ask nobody, and give up in time."""
    backend = host.backend

    # testinfra's own waits for ever.
    def run_local(line: str, *arguments: str) -> CommandResult:
        words = backend.quote(line, *arguments)
        ran = programs.run(["/bin/sh", "-c", words], first=FIRST_SECONDS, whole=whole)
        return backend.result(ran.code, words.encode(), ran.out.encode(), ran.err.encode())

    backend.run_local = run_local
    # A password in the host's URL comes from sshpass, which answers a question that batch mode does not ask.
    if isinstance(backend, SshBackend) and not backend.host.password:
        backend.ssh_extra_args = " ".join((backend.ssh_extra_args or "", *SSH_OPTIONS)).strip()


def host_of(item: pytest.Item) -> Host | None:
    """testinfra's host of a test; none for a test that is not about one."""
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("_testinfra_host") if callspec else None
    return found if isinstance(found, Host) else None


def check_of_item(item: pytest.Item) -> Check | None:
    """The check that a test is."""
    return check_of(getattr(item, "function", None))


def verdict_of(report: pytest.TestReport | pytest.CollectReport) -> Verdict | None:
    """The verdict that a report brings, if any."""
    properties = getattr(report, "user_properties", [])
    return next((parse_verdict(str(value)) for name, value in properties if name == "verdict"), None)


class HostScheduling(LoadScopeScheduling):  # type: ignore[misc] # without types in the part that schedules
    """xdist's way to keep tests together, by host; its own marks for that do nothing under pytest 9.2 (xdist 3.8)."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("[")[2]


class Verification:
    """The plugin: the plan, and each host's answers once they have come."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.plan = plan_of(Path(config.getoption("--inventory")))
        self._whole = bool(config.getoption("--cluster"))
        self._questions = questions(self.plan, questions_of_the_whole(self.plan) if self._whole else ())
        self._pool = ThreadPoolExecutor(max_workers=HOSTS_AT_ONCE)
        self._programs = Programs()
        self._arrivals: dict[str, Future[Arrival]] = {}
        self._is_worker = hasattr(config, "workerinput")
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args = [str(Path(__file__).parent)]
        # testinfra's own default is a library that is not among the requirements.
        config.option.connection = config.option.connection or "ssh"

    def begin(self, host: Host) -> Future[Arrival]:
        """Ask a host everything, once."""
        name = host.backend.get_pytest_id()
        if name not in self._arrivals:
            prepare(host, self._programs, CLUSTER_SECONDS if self._whole else WHOLE_SECONDS)
            self._arrivals[name] = self._pool.submit(self._ask, host)
        return self._arrivals[name]

    def _ask(self, host: Host) -> Arrival:
        name = host.backend.get_hostname()
        arrival = arrive(self.plan, name, lambda: ask_host(host.run, self._questions), whole=self._whole)
        if self._whole:
            self._ask_cluster(host, arrival)
        self._tell(json.dumps({"answered": arrival.host}))
        return arrival

    def _ask_cluster(self, host: Host, arrival: Arrival) -> None:
        """Ask the whole cluster too, once this host can start pods in it."""
        node, status = arrival.node, arrival.status
        if node and arrival.answers and status and STEP in node.steps and status.has_reached((STEP,)):
            image = self._config.getoption("--image") or PROBE_IMAGE
            ask_cluster(host.run, self.plan, node, image, arrival.answers)

    def _tell(self, event: str) -> None:
        """Hand on what has happened, to whoever started this run. One write a line: threads do not mix theirs."""
        path = self._config.getoption("--events")
        if path and not self._is_worker:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{event}\n")

    def arrival_of(self, item: pytest.Item) -> Arrival | None:
        """What a check's host has answered; waits for it. None for a test that is no check."""
        host = host_of(item) if check_of_item(item) else None
        return self.begin(host).result() if host else None

    def asks(self, item: pytest.Item, fact: str) -> bool:
        """Whether this run has the check of a fact for a test's host."""
        alike = (check_of_item(one) for one in item.session.items if host_of(one) is host_of(item))
        return any(check.fact == fact for check in alike if check)

    def pytest_report_header(self) -> str:
        """Which plan the hosts are held against."""
        return f"{self.plan.name}: {len(self.plan.nodes)} nodes of {self._config.getoption('--inventory')}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> HostScheduling | None:
        """With several processes, each host's tests go to one of them, which alone asks it."""
        return HostScheduling(config, log) if config.getoption("dist") == "load" else None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Ask first whether a host is there and done."""
        if not self._whole:
            others = [item for item in items if (check := check_of_item(item)) and check.whole]
            self._config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in others]
        items.sort(key=lambda item: ORDER.index(topic_of(item.path.name)) if topic_of(item.path.name) in ORDER else -1)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Ask all hosts at once. One of several processes does not know yet which hosts are its own."""
        if self._config.option.collectonly or self._is_worker:
            return
        for item in session.items:
            if host := host_of(item):
                self.begin(host)

    def pytest_unconfigure(self) -> None:
        """Wait for nobody: who has not answered by now is not heard."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._programs.end()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Say what a person needs in place of a trace, and let the verdict travel with the report."""
        report: Any = yield
        if report.passed and report.when != "call":
            return report
        check, arrival = check_of_item(item), self.arrival_of(item)
        if check is None or arrival is None:
            return report
        error = call.excinfo.value if call.excinfo else None
        machine = getattr(item, "funcargs", {}).get("machine")
        measured = "; ".join(machine.measured) if machine else ""
        verdict = judge(arrival, item.nodeid, check, error, measured)
        report.user_properties.append(("verdict", verdict_line(verdict)))
        if call.excinfo and isinstance(error, (NotAsPlanned, CannotTell)):
            error.args = (printed(verdict),)
            report.longrepr = call.excinfo.getrepr(style="value")
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """A question that could not be asked is neither passed nor failed."""
        verdict = verdict_of(report)
        is_unknown = verdict is not None and verdict.outcome is Outcome.UNKNOWN
        return ("cannot tell", "?", "CANNOT TELL") if is_unknown else None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what could not be asked, as pytest prints failures."""
        reports = terminalreporter.getreports("cannot tell")
        if reports:
            terminalreporter.section("CANNOT TELL")
        for report in reports:
            terminalreporter.write_sep("_", report.head_line or report.nodeid)
            terminalreporter.write_line(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hand the verdict on as soon as there is one."""
        verdict = verdict_of(report)
        if verdict:
            self._tell(verdict_line(verdict))
