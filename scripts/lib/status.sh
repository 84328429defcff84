# shellcheck shell=bash
# What the machine says of itself: status.json, 0644, no secret, replaced atomically at every change.

: "${ROOT?}" "${STEP:?}" "${NODE_NAME:?}" "${NODE_ROLE:?}" "${PLAN_HASH:?}" "${STEPS[*]:?}"

readonly STATUS_FILE=$ROOT/var/lib/meshstrap/status.json
declare -A STEP_STATE=() STEP_STARTED=() STEP_SECONDS=() STATUS_FACTS=()
RUN_STARTED=$(now)
TRIES=1
STEP_BEGAN=0
CHECK_ONLY=false
# Only a whole run speaks for the machine: --check, --only and a refused command line leave the status as it is.
RECORDING=true

# ASCII only: an error that was cut within a UTF-8 character would make the whole file unreadable.
json_string() { # <text>
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  printf '"%s"' "${text//[^[:print:]]/?}"
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
  STATUS_FACTS[$1]=$2
}

status_json() { # <state> <message> <what to do next>
  local name separator=''
  printf '{"schema":1,"node":%s,"role":%s,"plan_hash":%s,"state":"%s","step":%s,"tries":%d' \
    "$(json_string "$NODE_NAME")" "$(json_string "$NODE_ROLE")" "$(json_string "$PLAN_HASH")" "$1" "$(json_string "$STEP")" "$TRIES"
  printf ',"message":%s,"next":%s,"started":"%s","updated":"%s",\n"facts":{' \
    "$(json_string "$2")" "$(json_string "$3")" "$RUN_STARTED" "$(now)"
  for name in "${!STATUS_FACTS[@]}"; do
    printf '%s%s:%s' "$separator" "$(json_string "$name")" "$(json_string "${STATUS_FACTS[$name]}")"
    separator=,
  done
  separator=''
  printf '},\n"steps":['
  for name in "${STEPS[@]}"; do
    printf '%s\n{"name":"%s","state":"%s","started":"%s","seconds":%d}' "$separator" "$name" \
      "${STEP_STATE[$name]:-pending}" "${STEP_STARTED[$name]:-}" "${STEP_SECONDS[$name]:-0}"
    separator=,
  done
  printf ']}\n'
}

record() { # <state: running, waiting, failed, converged> <message> <what to do next>
  local text written
  [[ $CHECK_ONLY == false && $RECORDING == true ]] || return 0
  if [[ -n ${STEP_STARTED[$STEP]:-} && $1 != converged ]]; then
    STEP_STATE[$STEP]=$1
  fi
  text=$(status_json "$@")
  # A full disk must not hide the error that is being recorded: say it and go on.
  set +e
  (
    set -e
    printf '%s\n' "$text" | write_file "$STATUS_FILE" 644
  )
  written=$?
  set -e
  ((written == 0)) || log error "cannot write $STATUS_FILE"
}

step_begins() {
  STEP_STARTED[$STEP]=$(now)
  STEP_BEGAN=$SECONDS
}

step_ends() { # <state: ok, changed, drift>
  STEP_STATE[$STEP]=$1
  STEP_SECONDS[$STEP]=$((SECONDS - STEP_BEGAN))
}
