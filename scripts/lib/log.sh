# shellcheck shell=bash
# One line an event on stderr: time, level, step, message. Never a secret: nothing here prints a file's content.
# Levels: ok change changed drift wait retry warn error summary.

: "${WORK?}"
STEP=-

now() { date -u +%FT%TZ; }

log() { # <level> <message>
  printf '%s %-7s %s: %s\n' "$(now)" "$1" "$STEP" "${2//$'\n'/ }" >&2
}

# Stop with an error. The unit tries again later; nothing is undone.
fail() { # <message> [what a person can do]
  trap - ERR
  log error "$1"
  [[ -z ${2:-} ]] || log error "what to do: $2"
  record failed "$1" "${2:-journalctl -u meshstrap -n 50}"
  stop 1
}

# Stop because something outside this machine is missing. 75 is EX_TEMPFAIL of sysexits.h.
waiting() { # <message> <what a person can do>
  trap - ERR
  log wait "$1; what to do: $2"
  record waiting "$1" "$2"
  stop 75
}

# In a subshell, `$(retry ...)` or a pipeline, the shell above sees a failure too: the mark tells it that the reason
# has been given, so that it does not write a poorer one over it.
stop() { # <exit code>
  [[ $BASH_SUBSHELL -eq 0 || -z $WORK ]] || : >"$WORK/told"
  exit "$1"
}

# In a check: no, and why.
no() { # <message>
  printf '%s\n' "$1" >&2
  return 1
}

# In a check: neither yes nor no. The step stops instead of changing what it could not see.
cannot_tell() { # <message>
  printf '%s\n' "$1" >&2
  exit 2
}
