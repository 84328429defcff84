# shellcheck shell=bash
# The command line, and the one loop that runs the steps.

: "${ROOT?}" "${STEPS[*]:?}"
: "${DOWNGRADE:?}" "${STATUS_FILE:?}" "${STATUS_SUBSTITUTE:?}" "${CHANGED:?}" "${RECORDING:?}"

usage() {
  echo "--check: changes nothing; --downgrade: takes back what is newer than the plan; --only STEP; --list; --status"
}

refuse() { # <message> <what a person can do>
  RECORDING=false
  fail "$@"
}

show_status() {
  local file=$STATUS_FILE RECORDING=false
  [[ ! -f $STATUS_SUBSTITUTE ]] || file=$STATUS_SUBSTITUTE
  [[ -f $file ]] || refuse 'no run has begun here yet' 'systemctl start meshstrap'
  # For people: status.json itself is for programs.
  json 'print("{node} ({role}): {state}, try {tries}, {updated}\n{step}: {message}".format(**d),
  *(["what to do: " + d["next"]] if d["next"] else []), *map(": ".join, d["facts"].items()),
  *("{state:8} {name} {seconds} s".format(**s) for s in d["steps"]), sep="\n")' <"$file"
}

# One run at a time. --check takes no lock, so that it answers while the unit waits for hours.
take_lock() {
  exec {LOCK}>"$ROOT/run/meshstrap.lock"
  flock --nonblock "$LOCK" || refuse 'another run is under way' 'journalctl -u meshstrap -f'
}

make_work_folder() {
  if [[ $CHECK_ONLY == true ]]; then
    WORK=$(mktemp -d "$ROOT/run/meshstrap-check.XXXXXX")
  else
    WORK=$ROOT/run/meshstrap
    rm -rf "$WORK"
    mkdir -m 700 "$WORK"
  fi
  # A unit that is stopped has this rm killed as well, which would be told as a failure of the step.
  trap 'set +e; rm -rf "$WORK"' EXIT
}

run_steps() { # <step>...
  local name
  record running checking ''
  for name in "$@"; do
    step "$name"
  done
  log summary "$# steps, changed=$CHANGED"
  if [[ $CHECK_ONLY == true ]]; then
    ((CHANGED == 0)) || exit 1
  elif (($# == ${#STEPS[@]})); then
    record converged 'this node is as planned' ''
    # What has an end date is renewed while the machine runs, too. A timer that is there already is refused.
    ask systemd-run --unit=meshstrap.service --on-calendar=weekly --timer-property=RandomizedDelaySec=1d
  fi
}

main() {
  local selected=("${STEPS[@]}")
  while (($# > 0)); do
    case $1 in
      --check) CHECK_ONLY=true ;;
      --downgrade) DOWNGRADE=true ;;
      --only)
        [[ " ${STEPS[*]} " == *" ${2:-} "* ]] || refuse "no step '${2:-}' on this node" "one of: ${STEPS[*]}"
        selected=("$2")
        RECORDING=false
        shift
        ;;
      --list)
        printf '%s\n' "${STEPS[@]}"
        exit
        ;;
      --status)
        show_status
        exit
        ;;
      --help)
        usage
        exit
        ;;
      *)
        usage >&2
        exit 64
        ;;
    esac
    shift
  done
  [[ $CHECK_ONLY == true ]] || take_lock
  make_work_folder
  count_tries
  run_steps "${selected[@]}"
}
