# shellcheck shell=bash
# systemd units: restarted only when older than what they read.

: "${ROOT?}" "${ANSWER:?}" "${LAST_ERROR?}" "${TAILSCALED_DROP_IN:?}"

readonly TAILSCALED_DROP_IN_FILE=$ROOT/etc/systemd/system/tailscaled.service.d/10-meshstrap.conf

# When it was started, in seconds since 1970; now, where that has yet to come.
service_started() { # <what service_state said>
  local at=${1#*Timestamp=}
  date -d "now ${at%%$'\n'*}" +%s
}

# Enabled, active, and started no earlier than each file it reads was last changed. No state of our own: a run that
# was killed between writing a file and restarting the service is caught by the next one.
service_is_current() { # <unit> <file it reads>...
  local state
  state=$(service_state "$1")
  [[ $state == *=active* ]]
  service_has_read "$state" "${@:2}"
}

# The same of one that need not run.
service_has_read() { # <what service_state said> <file it reads>...
  local started changed file
  [[ $1 == *=enabled* && $1 == *Reload=no* ]]
  started=$(service_started "$1")
  for file in "${@:2}"; do
    changed=$(stat -c %Y "$file")
    ((changed <= started))
  done
}

# To enable a unit, enabled or not, has systemd read all units again: a second daemon-reload takes a slow machine as long.
restart_service() { # <unit>
  local why
  systemctl enable --quiet "$1"
  ask systemctl restart "$1"
  ((ANSWER != 0)) || return 0
  why=$LAST_ERROR
  # systemctl often names only the commands that say more; the last words are the program's own.
  [[ $why != 'See '* ]] || why=$(last_words "$1")
  fail "$1 does not start: $why" "journalctl -u $1 -n 50"
}

# Of the program itself, not systemd's about it.
last_words() { # <unit>
  journalctl --quiet --since=-60s --lines=1 --output=cat "_SYSTEMD_UNIT=${1%.service}.service" | cut -c 1-300
}

# Its package starts tailscaled: where this is there before, nothing has to start it again for it.
write_tailscaled_drop_in() {
  write_file "$TAILSCALED_DROP_IN_FILE" "$TAILSCALED_DROP_IN"
}
