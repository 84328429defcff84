"""hostname_kept: the name is not taken back by Oracle's DHCP hook."""

from __future__ import annotations

from tests.shell.sandbox import Sandbox

STEP = "hostname_kept"
FILE = "/etc/oci-hostname.conf"
OCI = "# 0 -- default\n#PRESERVE_HOSTINFO=1 would do less\nPRESERVE_HOSTINFO=0\n"


def test_one_line_changes_and_nothing_else(sandbox: Sandbox) -> None:
    written = sandbox.write(FILE, OCI, 0o640)
    assert sandbox.run(STEP, check_only=True).levels == ["drift", "summary"]
    assert sandbox.run(STEP).levels == ["change", "changed", "summary"]
    assert sandbox.read(FILE) == OCI.replace("\nPRESERVE_HOSTINFO=0", "\nPRESERVE_HOSTINFO=2")
    assert written.stat().st_mode & 0o777 == 0o640


def test_second_run_is_a_no_op(sandbox: Sandbox) -> None:
    written = sandbox.write(FILE, OCI)
    sandbox.run(STEP)
    before = written.stat()
    outcome = sandbox.run(STEP)
    assert (outcome.levels, outcome.calls) == (["ok", "summary"], [])
    assert (written.stat().st_ino, written.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_image_without_the_hook_has_nothing_to_change(sandbox: Sandbox) -> None:
    assert sandbox.run(STEP).levels == ["ok", "summary"]
    assert not sandbox.exists(FILE)


def test_apply_fails(sandbox: Sandbox) -> None:
    sandbox.write(FILE, OCI)
    sandbox.stub("mv", "echo 'mv: cannot move: Read-only file system' >&2; exit 1")
    outcome = sandbox.run(STEP)
    assert outcome.code == 1
    assert "error" in outcome.levels
    assert sandbox.read(FILE) == OCI


def test_cannot_tell(sandbox: Sandbox) -> None:
    sandbox.write(FILE, OCI)
    sandbox.stub("sed", "exit 4")
    outcome = sandbox.run(STEP)
    assert outcome.code == 1
    assert "cannot tell" in outcome.log
    assert sandbox.read(FILE) == OCI
