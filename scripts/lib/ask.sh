# shellcheck shell=bash
# Questions with three answers (yes, no, cannot tell), and the waiting and retrying that is built on them.

: "${WORK?}"
readonly POLL_SECONDS=${POLL_SECONDS:-2}
# A shorter patience for every wait: for tests, and for a person who runs the script by hand.
readonly WAIT_LIMIT=${WAIT_LIMIT:-86400}
ANSWER=0
LAST_ERROR=

# Run a function or command in a subshell of its own: exit code in ANSWER, the reason on stderr in LAST_ERROR, stdout in
# $WORK/answer. The reason is the last line that has words, but the first error of apt, dpkg, dnf (the package whose
# signature is wrong) and iptables: their last line only says that there was one, or guesses. Without curl's milliseconds:
# what is the same each time is told once.
# Never inside a condition (if, ||, &&, !): bash would then ignore errexit within the function, and
# a question that could not be asked would read as yes.
ask() { # <function or command> [argument...]
  set +e
  (
    set -e
    "$@"
  ) >"$WORK/answer" 2>"$WORK/stderr"
  ANSWER=$?
  LAST_ERROR=$(awk '!e && /^(E:|dpkg: error|ip6?tables.* v|Package .* not signed|The GPG|Import of)/ {
    e = $0; while (getline && /^[ C]/) e = e $0 } NF { sub(/ after [0-9]* ms/, ""); l = $0 }
    END { print substr(e ? e : l, 1, 300) }' "$WORK/stderr")
  [[ ! -e $WORK/told ]] || rm -f "$WORK/told"
  set -e
}

# A question to systemd. A bus that did not answer in time, 25 seconds, is asked once more.
systemd_says() { # <argument of systemctl>...
  systemctl "$@" || systemctl "$@" || cannot_tell 'systemctl does not answer'
}

# All that is asked of a unit: a line each, `Name=value`. Of a unit that there is not, too, and with exit 0, where is-active
# and is-enabled say no and "could not ask" alike.
service_state() { # <unit>
  TZ=UTC systemd_says show --property=ActiveState,ActiveEnterTimestamp,UnitFileState,NeedDaemonReload,IPAddressDeny "$1"
}

# Ask again until yes, soon at first, or stop as waiting. While it waits, the status says for what, and why it is not there.
await() { # <seconds> <what for> <what a person can do> <function or command> [argument...]
  local deadline=$((SECONDS + ($1 < WAIT_LIMIT ? $1 : WAIT_LIMIT))) what=$2 next=$3 pause=0 said=-
  shift 3
  ask "$@"
  ((ANSWER != 0)) || return 0
  log wait "for $what"
  while ((ANSWER != 0)); do
    ((SECONDS < deadline)) || waiting "no $what yet${LAST_ERROR:+: $LAST_ERROR}" "$next"
    [[ $said == "$LAST_ERROR" ]] || record waiting "waiting for $what${LAST_ERROR:+: $LAST_ERROR}" "$next"
    said=$LAST_ERROR
    pause=$((pause < POLL_SECONDS ? pause + 1 : POLL_SECONDS))
    sleep "$pause"
    ask "$@"
  done
  record running "$what is there" ''
}

# Retry an external command, bounded. Never a function (a test sees to it): it would hide what it changes behind the
# loop. Each failed attempt's stderr goes to the journal, its last line into the error and the status;
# stdout comes out once, from the attempt that succeeded. `retry 1 0` is for a command whose error people should read.
# NEXT, when the caller has set it, says what a person can do.
retry() { # <attempts> <first delay in seconds, doubled each time> <command> [argument...]
  local attempts=$1 delay=$2 attempt
  shift 2
  for ((attempt = 1; ; attempt++)); do
    ask "$@"
    ((ANSWER != 0)) || break
    cat "$WORK/stderr" >&2
    ((attempt < attempts)) || fail "$1 failed $attempts times (exit $ANSWER): $LAST_ERROR" "${NEXT-}"
    log retry "$1 (attempt $attempt of $attempts, exit $ANSWER): $LAST_ERROR"
    record running "$1 failed, is tried again ($attempt of $attempts): $LAST_ERROR" ''
    sleep "$delay"
    delay=$((delay * 2))
  done
  cat "$WORK/answer"
}
