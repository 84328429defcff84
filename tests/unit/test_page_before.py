"""Step 0 on the page: what each account, the tailnet and the laptop need before the first paste."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import json5
import pytest

from meshstrap.plan import Plan
from meshstrap.plan.policy import derive_policy
from meshstrap.views.policy import policy_text
from tests.golden.cases import example_plan, plan_of, system_plan
from tests.unit.test_page import Parsed, page_of

HEADSCALE = "https://headscale.example.net"


def command(page: str, name: str) -> str:
    """What the button of that name copies."""
    (text,) = re.findall(rf'<code id="command-{name}-1">(.*?)</code>', page, re.DOTALL)
    return unescape(text)


def with_server(plan: Plan) -> Plan:
    return replace(plan, login_server=HEADSCALE)


@pytest.mark.parametrize("server", ["", HEADSCALE])
def test_the_policy_is_there_to_copy(server: str) -> None:
    plan = replace(example_plan(), login_server=server)
    assert command(page_of(plan), "policy") == policy_text(plan).rstrip("\n")


def test_every_tag_has_an_owner_and_one_carries_the_rules() -> None:
    plan = replace(example_plan(), tags=("tag:mesh", "tag:arm"))
    policy = json5.loads(policy_text(plan))
    assert list(policy["tagOwners"]) == ["tag:mesh", "tag:arm"]
    assert "tag:arm" not in json.dumps(policy["grants"])


def test_without_a_tag_no_policy_is_made_up() -> None:
    plan = replace(example_plan(), tags=())
    with pytest.raises(ValueError, match="without a tag"):
        derive_policy(plan)
    page = page_of(plan)
    assert "command-policy" not in page
    assert "The nodes carry no tag" in page
    assert "preauthkeys" not in page_of(with_server(plan))


def test_headscales_keys_are_made_by_one_line_with_every_tag() -> None:
    page = page_of(replace(with_server(example_plan()), tags=("tag:mesh", "tag:arm")))
    assert command(page, "keys") == (
        "for node in cp1 w1 w2; do\n"
        "  key=$(headscale preauthkeys create --expiration 24h \\\n    --tags tag:mesh,tag:arm)\n"
        '  echo "$node: $key"\n'
        "done"
    )
    assert command(page, "key-file") == "cp1: hskey-auth-…\nw1: hskey-auth-…\nw2: hskey-auth-…"
    assert HEADSCALE in page


def test_tailscales_keys_are_made_in_its_console() -> None:
    page = page_of(example_plan())
    assert "once for each of the 3 nodes" in Parsed(page).text
    assert "command-keys-1" not in page
    assert command(page, "key-file") == "cp1: tskey-auth-…\nw1: tskey-auth-…\nw2: tskey-auth-…"
    assert command(page, "secrets") == ".venv/bin/invoke secrets --auth-keys keys.yaml"


def test_a_button_says_what_it_copies_and_no_name_of_ours() -> None:
    labels = re.findall(
        r'data-copy="command-[^"]*"[^>]*><span class="t" lang="(\w+)">(.*?)</span>', page_of(example_plan())
    )
    said = {unescape(label) for language, label in labels if language == "en"}
    assert {"Copy", "Copy: .venv/bin/invoke render", "Copy: .venv/bin/invoke secrets --auth-keys ke…"} <= said
    assert {label for label in said if not label.startswith(("Copy: .venv", "Copy: ssh", "Copy: watch"))} == {"Copy"}


def test_each_account_is_told_what_it_has_to_offer() -> None:
    text = Parsed(page_of(example_plan())).text
    assert "free in its quota: 2 OCPUs, 12 GiB of memory, 150 GiB of disks" in text
    assert text.count("a network with a public subnet: 10.0.0.0/24") == 3
    assert text.count("image: Canonical Ubuntu 24.04") == 3
    assert "import it as a custom image" in Parsed(page_of(system_plan("debian-13"))).text


def test_an_account_without_a_subnet_is_told_what_to_keep_clear_of() -> None:
    plan = plan_of("""
cluster: {name: homelab}
accounts: [{name: alice}]
nodes: [{name: cp1, account: alice, role: control-plane}]
""")
    assert "anywhere but in 10.244.0.0/16, 10.96.0.0/16 and 100.64.0.0/10" in Parsed(page_of(plan)).text
