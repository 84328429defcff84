# shellcheck shell=bash
# systemd units: restarted only when older than what they read.

: "${ANSWER:?}" "${LAST_ERROR?}"

# Enabled, active, and started no earlier than each file it reads was last changed. No state of our own: a run that
# was killed between writing a file and restarting the service is caught by the next one.
service_is_current() { # <unit> <file it reads>...
  local unit=$1 stale started file
  shift
  systemctl is-enabled --quiet "$unit" || return 1
  systemctl is-active --quiet "$unit" || return 1
  stale=$(systemctl show --property=NeedDaemonReload --value "$unit")
  [[ $stale == no ]] || return 1
  started=$(systemctl show --property=ActiveEnterTimestamp --value "$unit")
  started=$(date -d "$started" +%s)
  for file in "$@"; do
    (($(stat -c %Y "$file") <= started)) || return 1
  done
}

restart_service() { # <unit>
  systemctl daemon-reload
  systemctl enable --quiet "$1"
  ask systemctl restart "$1"
  ((ANSWER == 0)) || fail "$1 does not start: $LAST_ERROR" "journalctl -u $1 -n 50"
}
