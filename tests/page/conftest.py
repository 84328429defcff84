"""A headless Chromium, and the page of the example with its user-data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from meshstrap.output import write_generated
from meshstrap.page import write_page
from meshstrap.pipeline import node_files, pack_nodes, page_text, render_scripts
from meshstrap.plan import Plan
from meshstrap.rendering import Fetching
from tests.golden.cases import example_plan, plan_of, secrets_for
from tests.hostile import BREAKING_OUT, hostile_plan

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / ".nox" / "page" / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
MERMAID = MODULES / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
PHONE = 360
DESKTOP = 1280

LONG = "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23"
LONG_NAMES = f"""
cluster: {{name: {LONG}}}
tailnet: {{login_server: 'https://headscale.a-name-that-is-rather-long-for-a-phone.example.net'}}
accounts: [{{name: {LONG}, region: {LONG}, subnet: 10.0.0.0/24}}, {{name: bob}}]
nodes:
  - name: {LONG}
    account: {LONG}
    role: control-plane
    os: debian-13
    block_volume: {{device: /dev/disk/by-id/{"x" * 60}, size_gib: 100}}
  - {{name: w{LONG[1:]}, account: bob, role: worker, os: oracle-10, shape: VM.Standard.E4.Flex}}
"""


@dataclass
class Rendered:
    """A folder as `invoke render` leaves it."""

    root: Path
    plan: Plan

    @property
    def url(self) -> str:
        return (self.root / "index.html").as_uri()

    def user_data(self, node: str) -> bytes:
        return (self.root / node / "user-data.yaml").read_bytes()


@dataclass
class Opened:
    """The page in a window of its own, with all that the browser said and asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


def render(plan: Plan, root: Path, *, secret: bool = True, too_large: str = "") -> Rendered:
    """Everything that a render writes, but for the linting. ``too_large``: a node that the page holds for too large."""
    scripts, secrets = render_scripts(plan), secrets_for(plan)
    packed = pack_nodes(plan, scripts, secrets)
    if too_large:
        ways = Fetching(pasted=17_000, packed=9_000, fits_pasted=True)
        packed[too_large] = replace(packed[too_large], pasted=33_000, fetching=ways)
    write_generated(root, node_files(plan, scripts, packed, secrets))
    write_page(root, page_text(plan, packed, secrets, secret=secret))
    return Rendered(root=root, plan=plan)


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return render(example_plan(), tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def public(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """As with --no-secrets."""
    return render(example_plan(), tmp_path_factory.mktemp("public"), secret=False)


@pytest.fixture(scope="session")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Every name as long as it may be, a Headscale, and a control plane that is too large to paste."""
    return render(plan_of(LONG_NAMES), tmp_path_factory.mktemp("long"), too_large=LONG)


@pytest.fixture(scope="session", params=BREAKING_OUT, ids=range(len(BREAKING_OUT)))
def hostile_page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The page alone, from names that no inventory lets through."""
    root, plan, good = tmp_path_factory.mktemp("hostile"), hostile_plan(request.param), example_plan()
    packed = pack_nodes(good, render_scripts(good), secrets_for(good))
    renamed = {bad.name: packed[node.name] for bad, node in zip(plan.nodes, good.nodes, strict=True)}
    write_page(root, page_text(plan, renamed, secrets_for(good)))
    return Rendered(root=root, plan=plan)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a missing one is an error, not a skip."""
    program = shutil.which("chromium")
    assert program, "there is no chromium: nox -s page installs it"
    assert AXE.is_file(), "there is no axe-core: nox -s page fetches it"
    assert MERMAID.is_file(), "there is no Mermaid: nox -s page fetches it"
    # Chromium refuses its own sandbox to root.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a page from the disk. ``language`` is the browser's own."""
    contexts: list[BrowserContext] = []

    def open_(
        url: str,
        *,
        width: int = DESKTOP,
        language: str = "en",
        dark: bool = False,
        script: bool = True,
        before: str = "",
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            locale=language,
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        if before:
            context.add_init_script(before)
        opened = Opened(context.new_page())
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.said.append(dialog.message))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.goto(url)
        return opened

    yield open_
    for context in contexts:
        context.close()
