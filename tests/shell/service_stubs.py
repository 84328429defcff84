"""A stand-in for systemctl: units are files below ``state/``, with the time of their start as the file's own."""

from __future__ import annotations

import os
import time

from .sandbox import Sandbox

SYSTEMCTL = r"""
unit=${*: -1}; unit=${unit%.service}
case $1 in
  daemon-reload) rm -f $S/stale ;;
  is-enabled) [[ -e $S/enabled-$unit ]] ;;
  is-active) [[ -e $S/active-$unit ]] ;;
  enable) touch $S/enabled-$unit; rm -f $S/stale ;;
  restart)
    [[ ! -e $S/broken-$unit ]] || { echo "Job for $unit.service failed" >&2; exit 1; }
    touch $S/active-$unit ;;
  show)
    case $2 in
      --property=NeedDaemonReload) if [[ -e $S/stale ]]; then echo yes; else echo no; fi ;;
      --property=ActiveEnterTimestamp) date -d "@$(stat -c %Y $S/active-$unit)" ;;
      --property=IPAddressDeny) if [[ -e $S/stale ]]; then echo; else cat $S/denied; fi ;;
      *) echo "unexpected: $*" >&2; exit 99 ;;
    esac ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac"""
CHANGES = ("systemctl daemon-reload", "systemctl enable", "systemctl restart")


def stub_systemctl(sandbox: Sandbox, *running: str) -> None:
    """systemctl, with these units enabled and running for a minute."""
    state = sandbox.root / "state"
    state.mkdir(exist_ok=True)
    (state / "denied").touch()
    sandbox.stub("systemctl", f"S={state}\n{SYSTEMCTL}")
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
