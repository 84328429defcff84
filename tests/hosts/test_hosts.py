"""Whether hosts are what the plan says: one test for each host and check, judged by ``meshstrap.verify``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from testinfra.host import Host

from meshstrap.verify.catalogue import checks
from meshstrap.verify.check import Check
from meshstrap.verify.judge import judge
from meshstrap.verify.verdict import Outcome, Verdict

from .asked import CANNOT_TELL, NOT_FOR_LONG, Hosts, printed

HOW = (
    "no --hosts: `invoke verify` asks the whole inventory, `pytest --hosts=ssh://ubuntu@cp1,ssh://ubuntu@w1` some hosts"
)


def hosts_of(config: pytest.Config) -> Hosts | None:
    found: Hosts | None = config.pluginmanager.get_plugin("hosts")
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    hosts = hosts_of(metafunc.config)
    found = checks(whole=hosts.whole) if hosts else ()
    metafunc.parametrize("check", found or [None], ids=[check.id for check in found] or ["none"])


def test_host(host: Host, check: Check | None, request: pytest.FixtureRequest) -> None:
    hosts = hosts_of(request.config)
    if hosts is None or check is None:
        # Never this machine, because no other one was named.
        pytest.skip(HOW)
    verdict = judged(hosts, host, check)
    if verdict.outcome is Outcome.SKIPPED:
        pytest.skip(verdict.found)
    if verdict.outcome is Outcome.UNKNOWN:
        request.node.user_properties.append(CANNOT_TELL)
    if verdict.outcome is Outcome.WARNS:
        request.node.user_properties.append(NOT_FOR_LONG)
        request.node.add_report_section("call", NOT_FOR_LONG[0], printed(verdict))
    if verdict.is_bad:
        pytest.fail(printed(verdict), pytrace=False)


def judged(hosts: Hosts, host: Host, check: Check) -> Verdict:
    """What becomes of a check; where the one that says why it was not asked is not chosen, it says so itself."""
    arrival = hosts.arrival(host)
    verdict, not_asked = judge(arrival, check), arrival.not_asked(check)
    if not_asked and not_asked.said_by and not hosts.asks(host, not_asked.said_by):
        reason = judge(arrival, next(one for one in checks(whole=hosts.whole) if one.id == not_asked.said_by))
        return replace(
            verdict, outcome=Outcome.UNKNOWN, found=f"{verdict.found}: {reason.found}", fix=reason.fix or verdict.fix
        )
    return verdict
