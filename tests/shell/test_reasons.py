"""What a person reads while something is wrong: the reason, not that there is one."""

from __future__ import annotations

import shlex
import shutil

import pytest

from .library_shell import shell, status
from .sandbox import Sandbox


def test_of_apt_and_dpkg_the_first_error_is_told(sandbox: Sandbox) -> None:
    sandbox.stub(
        "apt-get",
        """printf '%s\\n' 'W: a list' 'dpkg: error processing archive a.deb (--unpack):' \
  ' failed (No space left on device)' \
  'Errors were encountered while processing:' ' a.deb' 'E: Sub-process /usr/bin/dpkg returned an error code (1)' >&2
exit 100""",
    )
    shell(sandbox, "retry 1 0 apt-get install")
    assert status(sandbox)["message"].endswith(
        "dpkg: error processing archive a.deb (--unpack): failed (No space left on device)"
    )


# Real words (dnf 4.23, iptables 1.8, Helm 4, kubectl 1.36) → what of them a person is told.
REASONS = {
    "Package kubelet-1.36.3-1.1.x86_64.rpm is not signed\nError: GPG check FAILED": (
        "Package kubelet-1.36.3-1.1.x86_64.rpm is not signed"
    ),
    'The GPG keys listed for the "a" repository are already installed but they are not correct for this package.\n'
    "Check that the correct key URLs are configured for this repository.. Failing package is: kubelet-1.36.3-1.1\n"
    " GPG Keys are configured as: file:///etc/pki/rpm-gpg/a.asc\nError: GPG check FAILED": (
        'The GPG keys listed for the "a" repository are already installed but they are not correct for this package.'
        "Check that the correct key URLs are configured for this repository.. Failing package is: kubelet-1.36.3-1.1 "
        "GPG Keys are configured as: file:///etc/pki/rpm-gpg/a.asc"
    ),
    "Import of key(s) didn't help, wrong key(s)?. Failing package is: kubelet-1.36.3-1.1\n"
    " GPG Keys are configured as: file:///etc/pki/rpm-gpg/a.asc\nError: GPG check FAILED": (
        "Import of key(s) didn't help, wrong key(s)?. Failing package is: kubelet-1.36.3-1.1 "
        "GPG Keys are configured as: file:///etc/pki/rpm-gpg/a.asc"
    ),
    "Error: Unable to find a match: kubelet-1.36.3-*": "Error: Unable to find a match: kubelet-1.36.3-*",
    "iptables v1.8.9 (legacy): can't initialize iptables table `filter': Permission denied (you must be root)\n"
    "Perhaps iptables or your kernel needs to be upgraded.": (
        "iptables v1.8.9 (legacy): can't initialize iptables table `filter': Permission denied (you must be root)"
    ),
    "ip6tables-restore v1.8.9 (nf_tables): line 2 failed\n# Warning: ip6tables-legacy tables present": (
        "ip6tables-restore v1.8.9 (nf_tables): line 2 failed"
    ),
    "Error: UPGRADE FAILED: no matches for kind\n\n": "Error: UPGRADE FAILED: no matches for kind",
}


@pytest.mark.parametrize("said", REASONS, ids=lambda said: str(said)[:30])
def test_the_reason_is_told_wherever_a_program_puts_it(sandbox: Sandbox, said: str) -> None:
    sandbox.stub("tool", f"printf '%s\\n' {shlex.quote(said)} >&2; exit 3")
    shell(sandbox, "retry 1 0 tool")
    assert status(sandbox)["message"] == f"tool failed 1 times (exit 3): {REASONS[said]}"


def test_of_a_download_that_fails_the_place_is_told(sandbox: Sandbox) -> None:
    """By the real curl: nothing listens at this port."""
    url = "http://127.0.0.1:9/key.asc"
    sandbox.stub("sleep", "exit 0")
    (sandbox.bin / "curl").symlink_to(shutil.which("curl") or "")
    shell(sandbox, f'fetch {url} "$ROOT/key"')
    assert f"curl failed 5 times (exit 7): {url}: " in status(sandbox)["message"]


def test_between_attempts_the_status_says_why(sandbox: Sandbox) -> None:
    sandbox.stub("tool", "echo 'no route' >&2; exit 9")
    sandbox.stub("sleep", 'cp "$ROOT/var/lib/meshstrap/status.json" "$ROOT/meanwhile"')
    shell(sandbox, "retry 2 5 tool")
    assert '"message":"tool failed, is tried again (1 of 2): no route"' in sandbox.read("/meanwhile")


def test_while_it_waits_the_status_says_why(sandbox: Sandbox) -> None:
    sandbox.stub("sleep", 'cp "$ROOT/var/lib/meshstrap/status.json" "$ROOT/meanwhile"; touch "$ROOT/there"')
    shell(sandbox, "q() { echo 'held by apt' >&2; [[ -e $ROOT/there ]]; }\nawait 60 lock 'wait' q")
    assert '"message":"waiting for lock: held by apt"' in sandbox.read("/meanwhile")


def test_while_it_waits_the_status_says_the_reason_of_this_moment(sandbox: Sandbox) -> None:
    sandbox.stub("sleep", 'cat "$ROOT/var/lib/meshstrap/status.json" >>"$ROOT/meanwhile"')
    ask = (
        "q() { echo x >>$ROOT/n; case $(wc -l <$ROOT/n) in "
        "1|2) echo refused >&2 ;; 3) echo starts >&2 ;; *) return 0 ;; esac; return 1; }"
    )
    shell(sandbox, f"{ask}\nawait 60 API 'wait' q")
    meanwhile = sandbox.read("/meanwhile")
    assert meanwhile.count('"message":"waiting for API: refused"') == 2
    assert meanwhile.count('"message":"waiting for API: starts"') == 1


def test_a_file_that_cannot_be_written_is_named_with_a_command_that_shows_why(sandbox: Sandbox) -> None:
    sandbox.stub("sync", "echo \"sync: error syncing '$1': No space left on device\" >&2; exit 1")
    outcome = shell(sandbox, 'write_file "$ROOT/etc/a/b.conf" x')
    assert outcome.code == 1
    assert f"cannot write {sandbox.root}/etc/a/b.conf: No space left on device" in outcome.log
    assert f"findmnt --target {sandbox.root}/etc/a" in outcome.log
    assert not sandbox.exists("/etc/a/b.conf")


DOES_NOT_START = """[[ $1 != restart ]] || { echo 'See "systemctl status a.service" for details.' >&2; exit 1; }"""


def test_a_service_that_does_not_start_is_told_in_its_own_last_words(sandbox: Sandbox) -> None:
    sandbox.stub("systemctl", DOES_NOT_START)
    sandbox.stub("journalctl", "echo 'a: unknown flag'")
    outcome = shell(sandbox, "restart_service a")
    assert outcome.code == 1
    assert status(sandbox)["message"] == "a does not start: a: unknown flag"
    assert "journalctl --quiet --since=-60s --lines=1 --output=cat _SYSTEMD_UNIT=a.service" in outcome.calls
