# shellcheck shell=bash
# This machine is in the tailnet: logged in, under its name, with the address that it has had from the start.
# What to do follows from BackendState alone. An auth key is used on a machine that needs a login and nowhere else:
# `tailscale up` with a key logs in again even while the node runs, with a key that is spent.

: "${ROOT?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_NAME:?}" "${LOGIN_SERVER?}" "${ACCEPT_ROUTES:?}" "${TAILNET_TAGS[*]-}"

readonly AUTH_KEY_FILE=$ROOT/etc/meshstrap/secrets/auth_key
# A record, no marker: nothing else on the machine knows which address it had before, and no step is skipped for it.
readonly ADDRESS_RECORD=$ROOT/var/lib/meshstrap/tailnet_address
readonly TAILNET_LOGS='tailscale status; journalctl -u tailscaled -n 50'

check_tailnet() {
  local address
  tailnet_is Running
  tailnet_is_set_up
  tailnet_has_name
  address=$(tailnet_address)
  file_is "$ADDRESS_RECORD" "$address"
  [[ ! -e $AUTH_KEY_FILE ]]
}

apply_tailnet() {
  local state
  await 120 'answer of tailscaled and its server' "$TAILNET_LOGS" \
    tailnet_is Running NeedsLogin NeedsMachineAuth Stopped
  case $(tailnet_state) in
    NeedsLogin) tailnet_log_in ;;
    # Bare, since even --timeout counts as a setting, and then all others would have to be named again.
    Stopped) ask timeout 60 tailscale up ;;
    *) ;;
  esac
  state=$(tailnet_state)
  [[ $state != NeedsMachineAuth ]] ||
    waiting 'this machine is not approved' "approve $NODE_NAME in the admin console, under Machines"
  await 60 tailnet "$TAILNET_LOGS" tailnet_is Running
  rm -f "$AUTH_KEY_FILE"
  retry 1 0 tailscale set --hostname="$NODE_NAME" --accept-dns=false --accept-routes="$ACCEPT_ROUTES"
  await 60 "name $NODE_NAME in the tailnet" "delete the other machine of that name, then rename this one in the admin \
console, under Machines, or by: headscale nodes rename $NODE_NAME -i ID" tailnet_has_name
  await 60 'address on tailscale0' "$TAILNET_LOGS" tailnet_address
  tailnet_keep_address
}

facts_tailnet() {
  fact tailnet_address "$(tailnet_address)"
}

tailnet_is() { # <state>...
  local state
  state=$(tailnet_state)
  [[ -n $state && " $* " == *" $state "* ]] || no "tailscaled says ${state:-nothing}: $(tailnet_health)"
}

# What tailscaled has stored: the fields of ipn.Prefs. `tailscale get` would do, but is younger than `tailscale wait`.
tailnet_is_set_up() {
  timeout 15 tailscale debug prefs |
    json 'sys.exit(d["Hostname"] != sys.argv[1] or d["CorpDNS"] or d["RouteAll"] != (sys.argv[2] == "true"))' "$NODE_NAME" "$ACCEPT_ROUTES"
}

tailnet_has_name() {
  local name
  name=$(tailnet_says '(d["Self"]["DNSName"] or d["Self"]["HostName"]).lower().split(".")[0]')
  [[ $name == "$NODE_NAME" ]] || no "this machine is called \"$name\""
}

tailnet_log_in() {
  local refused health tags flags=(--reset --hostname="$NODE_NAME" --accept-dns=false --accept-routes="$ACCEPT_ROUTES")
  [[ -z $LOGIN_SERVER ]] || flags+=(--login-server="$LOGIN_SERVER")
  # Headscale's keys carry the tags, and it refuses a key together with tags that are asked for (seen with 0.29.2,
  # November 2026: "requested tags are invalid or not permitted").
  if [[ -z $LOGIN_SERVER || ! -s $AUTH_KEY_FILE ]]; then
    tags=${TAILNET_TAGS[*]}
    flags+=(--advertise-tags="${tags// /,}")
  fi
  tailnet_was_logged_out
  [[ -s $AUTH_KEY_FILE ]] || tailnet_ask_person "${flags[@]}"
  ask timeout 90 tailscale up "${flags[@]}" --auth-key="file:$AUTH_KEY_FILE" --timeout=60s
  refused=$LAST_ERROR
  # Its exit code decides nothing: after an earlier refusal it may report that one, although this key was taken.
  ask tailscale wait --timeout=20s
  ask tailnet_is Running Starting NeedsMachineAuth
  health=$(tailnet_health)
  [[ -z $health ]] || refused=$health
  ((ANSWER == 0)) || waiting "no login with this auth key: ${refused//"$(<"$AUTH_KEY_FILE")"/KEY}" \
    "put a fresh auth key into $AUTH_KEY_FILE; if its tags are refused: invoke policy"
}

# Headscale refuses the key of a tagged node that expired or was logged out, and the attempt spends the key, until the
# expiry that it keeps for the node is taken away. An expired node is then back by itself, with its address; one that was
# logged out has lost its node key and needs an auth key, too (seen with 0.29.2, November 2026).
tailnet_was_logged_out() {
  local expired
  [[ -n $LOGIN_SERVER && -f $ADDRESS_RECORD ]] || return 0
  expired=$(tailnet_says 'd["HaveNodeKey"] and d["Self"]["Expired"]')
  [[ $expired != True && -s $AUTH_KEY_FILE ]] ||
    waiting "$(<"$ADDRESS_RECORD") is expired or logged out" \
      "on the server: headscale nodes expire --disable -i ID; if that is not enough: put a fresh auth key into $AUTH_KEY_FILE"
}

tailnet_ask_person() { # <flag of tailscale up>...
  local url
  url=$(tailnet_says 'd["AuthURL"]')
  if [[ -z $url ]]; then
    ask timeout 60 tailscale up "$@" --timeout=20s
    url=$(tailnet_says 'd["AuthURL"]')
  fi
  [[ -n $url ]] || waiting "no auth key and no login URL: $(tailnet_health)" "$TAILNET_LOGS"
  # A machine without a console waits all the same.
  ask tee "$ROOT/dev/console" <<<"$NODE_NAME: to log in, open $url"
  # shellcheck disable=SC2034 # lib/status.sh reads it
  STATUS_MODE=600
  waiting "no auth key: $(tailnet_health)" \
    "open $url or put a fresh auth key into $AUTH_KEY_FILE; if its tags are refused: invoke policy"
}

# The address is in the API server's certificate and in what kubelet and etcd were told: a new one breaks all of them.
tailnet_keep_address() {
  local address before
  address=$(tailnet_address)
  before=$(cat "$ADDRESS_RECORD" 2>/dev/null) || before=$address
  [[ $address == "$before" ]] ||
    fail "the tailnet address is $address, not $before, by which the cluster knows this node" \
      "in Tailscale's admin console delete the old machine, then give this one $before (Edit machine IPv4), or build it anew; \
if it has never joined: rm $ADDRESS_RECORD"
  write_file "$ADDRESS_RECORD" "$address"
}
