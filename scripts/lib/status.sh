# shellcheck shell=bash
# What the machine says of itself: status.json, no secret, replaced atomically at every change. 0644, but 0600 while it
# shows a login URL: whoever opens that puts the machine into a tailnet of theirs.

: "${ROOT?}" "${WORK?}" "${STEP:?}" "${NODE_NAME:?}" "${NODE_ROLE:?}" "${PLAN_HASH:?}" "${STEPS[*]:?}"

readonly STATUS_FILE=$ROOT/var/lib/meshstrap/status.json STATUS_SUBSTITUTE=$ROOT/run/meshstrap-status.json
declare -A STEP_STATE=() STEP_STARTED=() STEP_SECONDS=()
STATUS_FACTS=()
RUN_STARTED=$(now)
STATUS_MODE=644
TRIES=1
CHECK_ONLY=false
# Whether the steps take back what is newer than the plan.
DOWNGRADE=false
: "${DOWNGRADE:?}"
# Only a whole run speaks for the machine: --check, --only and a refused command line leave the status as it is.
RECORDING=true

# What stands inside an object. ASCII only: an error that was cut within a UTF-8 character would make the whole file
# unreadable.
json_members() { # [<name> <text>]...
  local text separator=
  for text in "$@"; do
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\t'/\\t}
    printf '%s"%s"' "$separator" "${text//[^[:print:]]/?}"
    [[ $separator == : ]] && separator=, || separator=:
  done
}

# The number of runs since the node last converged, this one included.
count_tries() {
  local text
  [[ -f $STATUS_FILE ]] || return 0
  text=$(<"$STATUS_FILE")
  if [[ $text != *'"state":"converged"'* && $text =~ \"tries\":([0-9]+) ]]; then
    TRIES=$((BASH_REMATCH[1] + 1))
  fi
}

# Keep a fact that people and the verification want to read: tailnet_address, ca_cert_hash. Called by facts_<step>,
# which `step` runs once the step has converged (a check cannot: it runs in a subshell).
fact() { # <name> <value>
  STATUS_FACTS+=("$@")
}

status_json() { # <state> <message> <what to do next>
  local name separator=
  printf '{"schema":1,"tries":%d,' "$TRIES"
  json_members node "$NODE_NAME" role "$NODE_ROLE" plan_hash "$PLAN_HASH" state "$1" step "$STEP" \
    message "$2" next "$3" started "$RUN_STARTED" updated "$(now)"
  printf ',\n"facts":{'
  json_members "${STATUS_FACTS[@]}"
  printf '},\n"steps":['
  for name in "${STEPS[@]}"; do
    printf '%s\n{"seconds":%d,' "$separator" "${STEP_SECONDS[$name]:-0}"
    json_members name "$name" state "${STEP_STATE[$name]:-pending}" started "${STEP_STARTED[$name]:-}"
    printf '}'
    separator=,
  done
  printf ']}\n'
}

record() { # <state: running, waiting, failed, converged> <message> <what to do next>
  local text written
  [[ $CHECK_ONLY == false && $RECORDING == true ]] || return 0
  [[ -z ${STEP_STARTED[$STEP]:-} || $1 == converged ]] || step_is "$1"
  text=$(status_json "$@")
  # A full or read-only disk must not hide the error that is being recorded: until the file can be written again, what
  # it should say is on tmpfs.
  set +e
  (
    set -e
    # shellcheck disable=SC2030 # for this attempt alone: what fails in it is not recorded in turn
    RECORDING=false
    write_file "$STATUS_FILE" "$text" "$STATUS_MODE"
  )
  written=$?
  set -e
  # Nobody is to be told of that failure.
  [[ -z $WORK ]] || rm -f "$WORK/told"
  rm -f "$STATUS_SUBSTITUTE"
  ((written == 0)) || (umask "$((777 - STATUS_MODE))" && printf '%s\n' "$text" >"$STATUS_SUBSTITUTE")
}

step_is() { # <state: running, waiting, failed, ok, changed, drift>
  STEP_STATE[$STEP]=$1
  # bash counts by the machine's clock, which may be set back by hours in the first step.
  STEP_SECONDS[$STEP]=$((SECONDS > 0 ? SECONDS : 0))
}
