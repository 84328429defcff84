# shellcheck shell=bash
# The private CA of the plan is trusted, before anything is downloaded; programs that read the system's CAs at their start
# have been started since.

: "${WORK?}" "${ANSWER:?}" "${TRUSTED_CA:?}" "${TRUSTED_CA_FILE:?}" "${TRUST_UPDATE[*]:?}" "${DOWNLOAD_PACKAGES[*]:?}"

check_trusted_ca() {
  local stale
  trusted_ca_is_in_force
  stale=$(trusted_ca_unread)
  [[ -z $stale ]] || no "started before the CA changed: ${stale//$'\n'/, }"
}

apply_trusted_ca() {
  local unit stale
  ask trusted_ca_is_in_force
  if ((ANSWER != 0)); then
    if ! type -P openssl "${TRUST_UPDATE[0]}" >"$WORK/tools"; then
      install_packages "${DOWNLOAD_PACKAGES[@]}"
    fi
    write_file "$TRUSTED_CA_FILE" "$TRUSTED_CA"
    retry 1 0 "${TRUST_UPDATE[@]}"
    # What was started in between has not read it either.
    touch "$TRUSTED_CA_FILE"
  fi
  # One by one; containers live on, the tailnet is away for seconds.
  stale=$(trusted_ca_unread)
  for unit in $stale; do
    restart_service "$unit"
  done
}

facts_trusted_ca() {
  local end
  end=$(openssl x509 -in "$TRUSTED_CA_FILE" -noout -enddate)
  fact "ends $TRUSTED_CA_FILE" "$(date -ud "${end#*=}" +%FT%TZ)"
}

# One that has ended is no reason to stop a node, whose steps have other things to renew: what is downloaded says it.
trusted_ca_is_in_force() {
  openssl verify -no_check_time -partial_chain "$TRUSTED_CA_FILE" >"$WORK/verify" || return 1
  file_is "$TRUSTED_CA_FILE" "$TRUSTED_CA"
}

# Which of them run, and were started before it changed.
trusted_ca_unread() {
  local unit state started changed
  changed=$(stat -c %Y "$TRUSTED_CA_FILE")
  for unit in containerd tailscaled kubelet; do
    state=$(service_state "$unit")
    [[ $state == *=active* ]] || continue
    started=$(service_started "$state")
    ((started >= changed)) || printf '%s\n' "$unit"
  done
}
