# shellcheck shell=bash
# A step is a pair: check_<step> asks and changes nothing, apply_<step> makes it so and asks nothing.

: "${WORK?}" "${CHECK_ONLY:?}" "${ANSWER:?}" "${LAST_ERROR?}"
declare -i CHANGED=0

step() { # <name>
  STEP=$1
  # shellcheck disable=SC2004,SC2034 # by name, and read in status.sh
  STEP_STARTED[$STEP]=$(now)
  SECONDS=0
  ask "check_$STEP"
  case $ANSWER in
    0) settle ok converged ;;
    1) converge ;;
    *)
      # --check goes on, to show all of a machine that has not come far: what is not installed cannot answer.
      [[ $CHECK_ONLY == true ]] || fail "cannot tell the current state (exit $ANSWER): $LAST_ERROR"
      CHANGED+=1
      settle drift "cannot tell (exit $ANSWER): $LAST_ERROR"
      ;;
  esac
  STEP=-
}

# The answer was no: change it, and hold the change to the same question.
converge() {
  CHANGED+=1
  if [[ $CHECK_ONLY == true ]]; then
    settle drift "would change${LAST_ERROR:+: $LAST_ERROR}"
    return 0
  fi
  log change applying
  record running applying ''
  "apply_$STEP"
  ask "check_$STEP"
  ((ANSWER == 0)) || fail "not converged after apply (exit $ANSWER): $LAST_ERROR"
  settle changed converged
  STEP=-
  record running checking ''
}

settle() { # <state> <message>
  step_is "$1"
  log "$1" "$2"
  # What a check has found, and leaves alone.
  if [[ -s $WORK/newer ]]; then
    log warn "newer than the plan:$(<"$WORK/newer"); plan it or pass --downgrade"
    fact "$STEP" "newer than the plan:$(<"$WORK/newer")"
  fi
  rm -f "$WORK/newer"
  if [[ $1 != drift && $(type -t "facts_$STEP") == function ]]; then
    "facts_$STEP"
  fi
}
