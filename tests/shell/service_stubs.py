"""A stand-in for systemctl: units are files below ``state/``, with the time of their start as the file's own."""

from __future__ import annotations

import os
import time

from .sandbox import Sandbox

# As `systemctl show` prints what it is asked of a unit, in another order: `shown [active] [enabled]`. What else is so
# is in STARTED (seconds since 1970), RELOAD and DENY.
SHOWN = r"""
shown() {
  printf 'NeedDaemonReload=%s\nActiveState=%s\n' "${RELOAD:-no}" "${1:-inactive}"
  printf 'ActiveEnterTimestamp=%s\n' "${STARTED:+$(date -d "@$STARTED" '+%a %F %T %Z')}"
  printf 'IPAddressDeny=%s\nUnitFileState=%s\n' "${DENY-}" "${2-}"
}
"""
SYSTEMCTL = r"""
unit=${*: -1}; unit=${unit%.service}
case $1 in
  daemon-reload) rm -f $S/stale ;;
  enable) touch $S/enabled-$unit; rm -f $S/stale ;;
  restart)
    [[ ! -e $S/broken-$unit ]] || { echo "Job for $unit.service failed" >&2; exit 1; }
    touch $S/active-$unit ;;
  show)
    active='' enabled=disabled DENY=$(cat $S/denied)
    [[ ! -e $S/enabled-$unit ]] || enabled=enabled
    [[ ! -e $S/active-$unit ]] || active=active STARTED=$(stat -c %Y $S/active-$unit)
    [[ ! -e $S/stale ]] || RELOAD=yes DENY=
    shown "$active" "$enabled" ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac"""
SILENT = "echo 'Failed to get properties: Connection timed out' >&2; exit 1"
"""What systemctl does when systemd does not answer in time."""
CHANGES = ("systemctl daemon-reload", "systemctl enable", "systemctl restart")


def stub_systemctl(sandbox: Sandbox, *running: str) -> None:
    """systemctl, with these units enabled and running for a minute."""
    state = sandbox.root / "state"
    state.mkdir(exist_ok=True)
    (state / "denied").touch()
    sandbox.stub("systemctl", f"S={state}\n{SHOWN}{SYSTEMCTL}")
    for unit in running:
        (state / f"enabled-{unit}").touch()
        (state / f"active-{unit}").touch()
        start_at(sandbox, unit, time.time() - 60)


def start_at(sandbox: Sandbox, unit: str, moment: float) -> None:
    """Let a unit have been started then (seconds since 1970)."""
    os.utime(sandbox.root / "state" / f"active-{unit}", (moment, moment))


def older(sandbox: Sandbox, path: str, seconds: float = 3600) -> None:
    """Let a file have been written that long ago."""
    then = time.time() - seconds
    os.utime(sandbox.root / path, (then, then))


def changes(calls: list[str]) -> list[str]:
    """Of the recorded calls, those of systemctl that change something."""
    return [call for call in calls if call.startswith(CHANGES)]
