"""``--update-golden`` writes what is made now over what is kept; ``--hosts`` verifies machines instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import hear_ctrl_c
from tests.shell.sandbox import Sandbox


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the kept texts anew instead of comparing")
    labs = parser.getgroup("labs", "the labs (nox -s lab, nox -s cluster)")
    labs.addoption("--all", action="store_true", help="every part, and the long form of the tests that have one")
    labs.addoption("--part", type=int, help="this part of the lab, instead of the one of the day")
    ways = {"choices": ("vxlan", "tailnet"), "default": "vxlan"}
    labs.addoption("--routing", **ways, help="how the cluster's pods travel, where no part says it")
    labs.addoption("--beside", action="store_true", help="do not wait for another lab on this machine to end")
    group = parser.getgroup("meshstrap", "verification of hosts (with --hosts)")
    group.addoption("--inventory", default="cluster.yaml", help="the inventory whose plan hosts are held against")
    group.addoption("--cluster", action="store_true", help="ask the whole cluster too, through short-lived pods")
    group.addoption("--image", default="", help="what those pods run: an image with python3")


def pytest_configure(config: pytest.Config) -> None:
    hear_ctrl_c()
    hosts = config.getoption("hosts")
    if hosts is not None and not hosts.strip(" ,"):
        raise pytest.UsageError("--hosts names no host: --hosts=ssh://ubuntu@cp1,ssh://ubuntu@w1")
    if hosts:
        if getattr(config.option, "numprocesses", None):
            raise pytest.UsageError("all hosts are asked at the same time anyway: leave out -n")
        from tests.hosts.asked import Hosts  # noqa: PLC0415 - of no use to any other run

        config.pluginmanager.register(Hosts(config), "hosts")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run writes."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A fresh machine for a step or the library to run on."""
    return Sandbox(tmp_path / "machine")
