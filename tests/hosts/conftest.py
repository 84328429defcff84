"""Who is asked what: without ``--hosts`` nobody, and with it each host what makes sense for its node."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from meshstrap.fleet.answers import CannotTell
from meshstrap.fleet.machine import Machine
from tests.hosts.arrival import Arrival
from tests.hosts.plugin import Verification, check_of_item

HOW = (
    "no --hosts: `invoke verify` asks the whole inventory, `pytest --hosts=ssh://ubuntu@cp1,ssh://ubuntu@w1` some hosts"
)


def verification(config: pytest.Config) -> Verification | None:
    """The plugin of a run with ``--hosts``."""
    found: Verification | None = config.pluginmanager.get_plugin("verification")
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is no question for this host; above all, never ask this machine because no other was named."""
    plugin = verification(item.config)
    if plugin is None:
        pytest.skip(HOW)
    check, arrival = check_of_item(item), plugin.arrival_of(item)
    passed_over = arrival.not_asked(check) if check and arrival else None
    if passed_over is None:
        return
    if passed_over.said_by and not plugin.asks(item, passed_over.said_by):
        # Only this test was chosen, without the one that fails for this reason: skipped, all would look well.
        raise CannotTell(passed_over.reason)
    pytest.skip(passed_over.reason)


@pytest.fixture
def arrival(_testinfra_host: Host, request: pytest.FixtureRequest) -> Arrival:
    """What came back from the host."""
    plugin = verification(request.config)
    found = plugin.arrival_of(request.node) if plugin else None
    assert found, "a test that asks for it is a check"
    return found


@pytest.fixture
def machine(arrival: Arrival, request: pytest.FixtureRequest) -> Machine:
    """The host with the node that it should be, for the check that asks."""
    check = check_of_item(request.node)
    assert check, "a test that asks for it is a check"
    return arrival.machine(check)
