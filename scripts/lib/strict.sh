# shellcheck shell=bash
# Strict mode: a net for forgotten cases, and one line that says where it caught one.

set -Eeuo pipefail
shopt -s inherit_errexit
export LC_ALL=C

# Every path begins with ROOT, so that a test can run the script inside a folder of its own.
ROOT=${ROOT:-}
# Scratch of this run, on tmpfs, 0700, removed at its end; main.sh makes it.
# shellcheck disable=SC2034 # used by the other files
WORK=

# shellcheck disable=SC2329 # called by the trap
on_error() { # <exit code> <line> <command>
  # A subshell's failure is seen again by its parent; inside ask, failing is an answer.
  if [[ $BASH_SUBSHELL -eq 0 && $- == *e* ]]; then
    [[ ! -e $WORK/told ]] || exit "$1"
    fail "line $2, in ${FUNCNAME[1]:-main}: exit $1: $3"
  fi
}
trap 'on_error "$?" "$LINENO" "$BASH_COMMAND"' ERR
