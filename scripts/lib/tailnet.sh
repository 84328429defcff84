# shellcheck shell=bash
# What the steps ask of Tailscale. Exit codes of `tailscale status` and `tailscale ip` mislead (an address is printed
# while stopped, 1 is also "logged out"): only BackendState and the interface are believed.

# Read JSON on stdin with a line of Python over `d`; python3 is on every image that cloud-init runs on, jq is not.
json() { # <statement> [argument...]
  python3 -c "import json, sys; d = json.load(sys.stdin); $1" "${@:2}"
}

# One value of this machine's status, empty when tailscaled does not answer or does not know.
tailnet_says() { # <Python expression over d>
  local status
  status=$(timeout 15 tailscale status --json --peers=false 2>/dev/null) || true
  # shellcheck disable=SC2310 # one external command, and any failure of it means: not known
  json "print($1)" <<<"$status" 2>/dev/null || true
}

# Running, NeedsLogin, NeedsMachineAuth, NoState, Starting or Stopped.
tailnet_state() {
  tailnet_says 'd["BackendState"]'
}

# The reason of a failed login, such as an unknown certificate authority, or of missing peers is often nowhere else.
tailnet_health() {
  tailnet_says '"; ".join(d["Health"])'
}

# The address that tailscale0 carries now, or a failure.
tailnet_address() {
  local line
  line=$(ip -4 -oneline address show dev tailscale0)
  [[ $line =~ inet\ ([0-9.]+) ]] || return 1
  printf '%s\n' "${BASH_REMATCH[1]}"
}
