"""host_firewall: the image's own rules, edited narrowly in the file and in the kernel."""

from __future__ import annotations

import pytest

from tests.shell.firewall_rules import (
    FIREWALL_CMD,
    FIREWALL_RULES,
    FORWARD_REJECT,
    HEAD,
    INPUT,
    INPUT_REJECT,
    INSTANCE_SERVICES,
    IPTABLES,
    LIVE,
    OUR_FORWARD,
    OUR_INPUT,
    RULES_V4,
)
from tests.shell.sandbox import Sandbox
from tests.shell.service_stubs import SHOWN

STEP = "host_firewall"
FILE = "/etc/iptables/rules.v4"
EDITED = RULES_V4.replace(INPUT_REJECT, OUR_INPUT + INPUT_REJECT).replace(FORWARD_REJECT, OUR_FORWARD + FORWARD_REJECT)
LIST = "iptables --wait 30 --list-rules"
NFT = '[[ $* == "list ruleset" ]] && cat "$ROOT/nft"'
ASKED = ["nft list ruleset", LIST]


@pytest.fixture
def ubuntu(sandbox: Sandbox) -> Sandbox:
    """Oracle's Ubuntu image, with Tailscale's jump already in the live chain."""
    sandbox.library = (*sandbox.library, "firewall_iptables")
    sandbox.header["FIREWALL_RULES"] = FIREWALL_RULES
    sandbox.write(FILE, RULES_V4, 0o640)
    sandbox.write("/live", LIVE)
    sandbox.write("/nft", "")
    sandbox.stub("iptables", IPTABLES)
    sandbox.stub("nft", NFT)
    return sandbox


def test_changes_file_and_kernel_before_the_reject(ubuntu: Sandbox) -> None:
    outcome = ubuntu.run(STEP)
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    assert ubuntu.read(FILE) == EDITED, "everything else byte for byte"
    assert (ubuntu.root / FILE[1:]).stat().st_mode & 0o777 == 0o640
    assert ubuntu.read("/live") == LIVE.replace(INPUT_REJECT, OUR_INPUT + INPUT_REJECT).replace(
        FORWARD_REJECT, OUR_FORWARD + FORWARD_REJECT
    )
    assert {call.split()[3] for call in outcome.calls if "iptables" in call} == {"--list-rules", "--insert"}
    assert "ts-input" not in ubuntu.read(FILE), "nothing of Tailscale is frozen into the file"


def test_second_run_is_a_no_op(ubuntu: Sandbox) -> None:
    ubuntu.run(STEP)
    before = (ubuntu.root / FILE[1:]).stat()
    outcome = ubuntu.run(STEP)
    assert (outcome.levels, outcome.calls) == (["ok", "summary"], ASKED)
    after = (ubuntu.root / FILE[1:]).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


HAND = "-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT\n"
FIRST_OUR = OUR_INPUT.splitlines(keepends=True)[0]
REST_OUR = "".join(OUR_INPUT.splitlines(keepends=True)[1:])
# Each of them may keep a packet of the mesh out.
REFUSALS = {
    "drop": "-A INPUT -j DROP",
    "commented": '-A INPUT -m comment --comment "999 drop all" -j DROP',
    "says-accept": '-A INPUT -m comment --comment "before -j ACCEPT" -j DROP',
    "jump": "-A INPUT -j LOGDROP",
    "goto": "-A INPUT -g LOGDROP",
    "new-ones": "-A INPUT -p tcp -m conntrack --ctstate NEW -j DROP",
    "other-devices": "-A INPUT ! -i lo -j REJECT --reject-with icmp-port-unreachable",
    "private-sources": "-A INPUT -s 10.0.0.0/8 -j DROP",
    "to-the-policy": "-A INPUT -j RETURN",
}
# Daemons put these first each time that they start.
LEFT_FIRST = {
    "tailscale": "-A INPUT -j ts-input",
    "cilium": '-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT',
    "fail2ban": "-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd",
}
TAIL = f"{INSTANCE_SERVICES}\nCOMMIT\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(EDITED, EDITED, id="already-edited"),
        pytest.param(
            EDITED.replace(INPUT_REJECT, HAND + INPUT_REJECT),
            EDITED.replace(INPUT_REJECT, HAND + INPUT_REJECT),
            id="a-hand-added-rule-behind-ours-moves-nothing",
        ),
        pytest.param(
            f"{HEAD}{FIRST_OUR}{INPUT}{HAND}{INPUT_REJECT}{OUR_FORWARD}{FORWARD_REJECT}{TAIL}",
            f"{HEAD}{FIRST_OUR}{INPUT}{HAND}{REST_OUR}{INPUT_REJECT}{OUR_FORWARD}{FORWARD_REJECT}{TAIL}",
            id="only-what-is-missing",
        ),
        pytest.param(
            f"{HEAD}{INPUT}{TAIL}",
            f"{HEAD}{INPUT}{INSTANCE_SERVICES}\n{OUR_INPUT}{OUR_FORWARD}COMMIT\n",
            id="no-reject",
        ),
        pytest.param(
            f"{HEAD}{INPUT}{INPUT_REJECT}{OUR_INPUT}{OUR_FORWARD}{TAIL}",
            f"{HEAD}{INPUT}{OUR_INPUT}{INPUT_REJECT}{OUR_INPUT}{OUR_FORWARD}{TAIL}",
            id="rules-behind-the-reject-do-nothing",
        ),
        pytest.param(
            f"{HEAD}{INPUT}-A INPUT -p tcp -j REJECT\n-A INPUT -j DROP\n{FORWARD_REJECT}{TAIL}",
            f"{HEAD}{INPUT}{OUR_INPUT}-A INPUT -p tcp -j REJECT\n-A INPUT -j DROP\n{OUR_FORWARD}{FORWARD_REJECT}{TAIL}",
            id="what-refuses-some-comes-first",
        ),
        *(
            pytest.param(
                f"{HEAD}{INPUT}{rule}\n{FORWARD_REJECT}{TAIL}",
                f"{HEAD}{INPUT}{OUR_INPUT}{rule}\n{OUR_FORWARD}{FORWARD_REJECT}{TAIL}",
                id=name,
            )
            for name, rule in REFUSALS.items()
        ),
        *(
            pytest.param(
                f"{HEAD}{INPUT}{rule}\n{INPUT_REJECT}{FORWARD_REJECT}{TAIL}",
                f"{HEAD}{INPUT}{rule}\n{OUR_INPUT}{INPUT_REJECT}{OUR_FORWARD}{FORWARD_REJECT}{TAIL}",
                id=name,
            )
            for name, rule in LEFT_FIRST.items()
        ),
        pytest.param(
            RULES_V4.replace("-A INPUT", "[1:60] -A INPUT").replace("-A FORWARD", "[0:0] -A FORWARD"),
            EDITED.replace("-A INPUT", "[1:60] -A INPUT")
            .replace("-A FORWARD", "[0:0] -A FORWARD")
            .replace(OUR_INPUT.replace("-A", "[1:60] -A"), OUR_INPUT)
            .replace(OUR_FORWARD.replace("-A", "[0:0] -A"), OUR_FORWARD),
            id="saved-with-counters",
        ),
        pytest.param(
            f"*nat\n-A INPUT -j DROP\nCOMMIT\n{RULES_V4}",
            f"*nat\n-A INPUT -j DROP\nCOMMIT\n{EDITED}",
            id="other-tables",
        ),
    ],
)
def test_variants_of_the_file(ubuntu: Sandbox, before: str, after: str) -> None:
    ubuntu.write(FILE, before)
    assert ubuntu.run(STEP).code == 0
    assert ubuntu.read(FILE) == after
    assert ubuntu.run(STEP).levels == ["ok", "summary"]


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(LIVE.replace(INPUT_REJECT, INPUT_REJECT + OUR_INPUT), id="behind-the-reject"),
        pytest.param("-P INPUT DROP\n-P FORWARD DROP\n", id="flushed-under-a-policy"),
        pytest.param(LIVE.replace(INPUT_REJECT, FIRST_OUR + INPUT_REJECT), id="one-is-there"),
    ],
)
def test_variants_of_the_kernel(ubuntu: Sandbox, live: str) -> None:
    ubuntu.write(FILE, EDITED)
    ubuntu.write("/live", live)
    assert ubuntu.run(STEP).code == 0
    lines = ubuntu.read("/live").splitlines()
    reject = lines.index(INPUT_REJECT.strip()) if INPUT_REJECT.strip() in lines else len(lines)
    assert set(OUR_INPUT.splitlines()) <= set(lines[:reject])
    assert ubuntu.run(STEP).levels == ["ok", "summary"]


def test_right_in_the_kernel_only_is_drift(ubuntu: Sandbox) -> None:
    ubuntu.run(STEP)
    ubuntu.write(FILE, RULES_V4)
    assert ubuntu.run(STEP, check_only=True).levels == ["drift", "summary"]


OPEN = "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n"


def test_a_machine_that_refuses_nothing_has_nothing_to_open(ubuntu: Sandbox) -> None:
    (ubuntu.root / FILE[1:]).unlink()
    ubuntu.write("/live", OPEN)
    outcome = ubuntu.run(STEP)
    assert (outcome.levels, outcome.calls) == (["ok", "summary"], ASKED)


@pytest.mark.parametrize("live", ["-P INPUT DROP\n-P FORWARD ACCEPT\n", f"{OPEN}-A INPUT -j LOGDROP\n"])
def test_without_the_file_what_refuses_in_the_kernel_is_opened_there(ubuntu: Sandbox, live: str) -> None:
    (ubuntu.root / FILE[1:]).unlink()
    ubuntu.write("/live", live)
    assert ubuntu.run(STEP).levels == ["change", "changed", "summary"]
    rules = [line for line in ubuntu.read("/live").splitlines() if line.startswith("-A INPUT")]
    assert rules[: OUR_INPUT.count("\n")] == OUR_INPUT.splitlines()
    assert ubuntu.run(STEP).levels == ["ok", "summary"]
    assert not (ubuntu.root / FILE[1:]).exists()


def table(*lines: str, family: str = "inet", name: str = "filter", chain: str = "input") -> str:
    return f"table {family} {name} {{\n\tchain {chain} {{\n\t\t" + "\n\t\t".join(lines) + "\n\t}\n}\n"


HOOK = "type filter hook input priority filter; policy {};"
FOREIGN = {
    "inet filter input": table(HOOK.format("drop"), "ct state established,related accept"),
    "ip filter input": table(HOOK.format("drop"), family="ip"),
    "inet filter forward": table("type filter hook forward priority filter; policy drop;", chain="forward"),
    "inet own INPUT": table(HOOK.format("accept"), "reject with icmpx admin-prohibited", name="own", chain="INPUT"),
    "inet late input": table(HOOK.format("accept"), "counter packets 3 bytes 180 drop", name="late"),
}
HARMLESS = (
    table(HOOK.format("drop"), 'iifname "tailscale0" accept', 'iifname "lxc*" accept'),
    table(HOOK.format("drop"), 'iifname { "lo", "tailscale*" } counter packets 1 bytes 60 accept'),
    table(HOOK.format("drop"), "ip saddr 100.64.0.0/10 accept"),
    table(HOOK.format("accept"), "tcp dport 22 ip saddr @banned drop"),
    table("drop", chain="called"),
    table(HOOK.format("drop"), family="ip", chain="INPUT"),
    table(HOOK.format("drop"), family="ip6"),
    table(HOOK.format("drop"), family="bridge"),
    table(HOOK.format("accept"), "tcp dport 6443 drop", name="meshstrap"),
)


@pytest.mark.parametrize(("place", "rules"), FOREIGN.items())
def test_a_chain_of_somebody_elses_that_refuses_is_named_and_left_alone(
    ubuntu: Sandbox, place: str, rules: str
) -> None:
    ubuntu.write("/nft", HARMLESS[0] + rules)
    outcome = ubuntu.run(STEP)
    assert outcome.code == 1
    assert f"nft chain {place} refuses the mesh" in outcome.log
    assert (
        f"what to do: now and in its file: nft insert rule {place} iifname tailscale0 accept; the same" in outcome.log
    )
    assert (ubuntu.read(FILE), ubuntu.read("/live")) == (RULES_V4, LIVE)


def test_chains_that_let_the_mesh_through_stop_nothing(ubuntu: Sandbox) -> None:
    ubuntu.write("/nft", "".join(HARMLESS))
    assert ubuntu.run(STEP).code == 0


def test_nft_that_does_not_answer(ubuntu: Sandbox) -> None:
    ubuntu.stub("nft", "exit 1")
    outcome = ubuntu.run(STEP)
    assert outcome.code == 1
    assert "cannot tell the current state (exit 2): nft does not answer" in outcome.log
    assert ubuntu.read(FILE) == RULES_V4


def test_ufw_stops_with_an_explanation(ubuntu: Sandbox) -> None:
    ubuntu.write("/etc/ufw/ufw.conf", "# ENABLED=yes starts it at boot\nENABLED=yes\n")
    outcome = ubuntu.run(STEP)
    assert outcome.code == 1
    assert "ufw is enabled" in outcome.log
    assert "what to do: ufw disable" in outcome.log
    assert ubuntu.read(FILE) == RULES_V4
    ubuntu.write("/etc/ufw/ufw.conf", "# ENABLED=yes starts it at boot\nENABLED=no\n")
    assert ubuntu.run(STEP).code == 0


def test_apply_fails(ubuntu: Sandbox) -> None:
    ubuntu.stub(
        "iptables",
        f"[[ $3 != --insert ]] || {{ echo 'iptables: Memory allocation problem.' >&2; exit 4; }}\n{IPTABLES}",
    )
    outcome = ubuntu.run(STEP)
    assert outcome.code == 1
    assert "Memory allocation problem" in outcome.log


def test_cannot_tell(ubuntu: Sandbox) -> None:
    ubuntu.stub("iptables", "exit 1")
    outcome = ubuntu.run(STEP)
    assert outcome.code == 1
    assert "cannot tell" in outcome.log
    assert ubuntu.read(FILE) == RULES_V4


# --- firewalld ---

TRUSTED = ["tailscale0", "lxc+", "cilium_+"]


@pytest.fixture
def oracle(sandbox: Sandbox) -> Sandbox:
    """Oracle Linux with firewalld running."""
    sandbox.library = (*sandbox.library, "firewall_firewalld")
    sandbox.header["FIREWALL_RULES"] = FIREWALL_RULES
    for life in ("run", "permanent"):
        sandbox.write(f"/{life}-trusted", "")
        sandbox.write(f"/{life}-public", "22/tcp\n")
    sandbox.stub("systemctl", f'{SHOWN}shown "${{FIREWALLD:-active}}" enabled')
    sandbox.stub("firewall-cmd", FIREWALL_CMD)
    sandbox.write("/nft", table(HOOK.format("accept"), "reject", name="firewalld", chain="filter_INPUT"))
    sandbox.stub("nft", NFT)
    return sandbox


def test_firewalld_changes(oracle: Sandbox) -> None:
    outcome = oracle.run(STEP)
    assert (outcome.code, outcome.levels) == (0, ["change", "changed", "summary"])
    for life in ("run", "permanent"):
        assert oracle.read(f"/{life}-trusted").split() == TRUSTED
        assert oracle.read(f"/{life}-public").split() == ["22/tcp", "41641/udp"]
    assert not any("--reload" in call or "--direct" in call for call in outcome.calls)


def test_firewalld_second_run_only_asks(oracle: Sandbox) -> None:
    oracle.run(STEP)
    outcome = oracle.run(STEP)
    assert outcome.levels == ["ok", "summary"]
    assert all("--list-" in call for call in outcome.calls[2:])


@pytest.mark.parametrize("lost", ["run-trusted", "permanent-trusted", "run-public", "permanent-public"])
def test_firewalld_drift_in_either_life(oracle: Sandbox, lost: str) -> None:
    oracle.run(STEP)
    oracle.write(f"/{lost}", "22/tcp tailscale0\n")
    assert oracle.run(STEP, check_only=True).levels == ["drift", "summary"]
    assert oracle.run(STEP).code == 0


def test_firewalld_that_does_not_run_needs_nothing(oracle: Sandbox) -> None:
    outcome = oracle.run(STEP, environment={"FIREWALLD": "inactive"})
    assert outcome.levels == ["ok", "summary"]
    assert [call.split()[0] for call in outcome.calls] == ["nft", "systemctl"]


def test_firewalld_apply_fails(oracle: Sandbox) -> None:
    oracle.stub(
        "firewall-cmd", f"[[ $* != *--change-* ]] || {{ echo 'Error: INVALID_ZONE' >&2; exit 112; }}\n{FIREWALL_CMD}"
    )
    outcome = oracle.run(STEP)
    assert outcome.code == 1
    assert "INVALID_ZONE" in outcome.log


@pytest.mark.parametrize("broken", ["firewall-cmd", "systemctl", "nft"])
def test_firewalld_cannot_tell(oracle: Sandbox, broken: str) -> None:
    oracle.stub(broken, "exit 1")
    outcome = oracle.run(STEP)
    assert outcome.code == 1
    assert "cannot tell" in outcome.log
