# shellcheck shell=bash
# Questions with three answers (yes, no, cannot tell), and the waiting and retrying that is built on them.

: "${WORK?}"
readonly POLL_SECONDS=${POLL_SECONDS:-5}
# A shorter patience for every wait: for tests, and for a person who runs the script by hand.
readonly WAIT_LIMIT=${WAIT_LIMIT:-86400}
ANSWER=0
LAST_ERROR=

# Run a function or command in a subshell of its own: exit code in ANSWER, last line of stderr in LAST_ERROR, stdout
# in $WORK/answer. Never inside a condition (if, ||, &&, !): bash would then ignore errexit within the function, and
# a question that could not be asked would read as yes.
ask() { # <function or command> [argument...]
  set +e
  (
    set -e
    "$@"
  ) >"$WORK/answer" 2>"$WORK/stderr"
  ANSWER=$?
  LAST_ERROR=$(tail -n 1 "$WORK/stderr" | cut -c 1-300)
  [[ ! -e $WORK/told ]] || rm -f "$WORK/told"
  set -e
}

# Ask again until yes, or stop as waiting. While it waits, the status says for what.
await() { # <seconds> <what for> <what a person can do> <function or command> [argument...]
  local deadline=$((SECONDS + ($1 < WAIT_LIMIT ? $1 : WAIT_LIMIT))) what=$2 next=$3 told=false
  shift 3
  ask "$@"
  while ((ANSWER != 0)); do
    ((SECONDS < deadline)) || waiting "no $what yet${LAST_ERROR:+: $LAST_ERROR}" "$next"
    if [[ $told == false ]]; then
      log wait "for $what"
      record waiting "waiting for $what" "$next"
      told=true
    fi
    sleep "$POLL_SECONDS"
    ask "$@"
  done
  if [[ $told == true ]]; then
    record running "$what is there" ''
  fi
}

# Retry an external command, bounded. Each failed attempt's stderr goes to the journal, its last line into the error;
# stdout comes out once, from the attempt that succeeded. `retry 1 0` is for a command whose error people should read.
retry() { # <attempts> <first delay in seconds, doubled each time> <command> [argument...]
  local attempts=$1 delay=$2 attempt
  shift 2
  # A function would hide what it changes behind the loop; changing functions are never repeated blindly.
  [[ $(type -t "$1") == file ]] || fail "retry is for external commands; $1 is none"
  for ((attempt = 1; ; attempt++)); do
    ask "$@"
    ((ANSWER != 0)) || break
    cat "$WORK/stderr" >&2
    ((attempt < attempts)) || fail "$1 failed $attempts times (exit $ANSWER): $LAST_ERROR"
    log retry "$1 (attempt $attempt of $attempts, exit $ANSWER): $LAST_ERROR"
    sleep "$delay"
    delay=$((delay * 2))
  done
  cat "$WORK/answer"
}
