# shellcheck shell=bash
# The private CA of the plan is trusted, before anything is downloaded.

: "${WORK?}" "${TRUSTED_CA:?}" "${TRUSTED_CA_FILE:?}" "${TRUST_UPDATE[*]:?}" "${DOWNLOAD_PACKAGES[*]:?}"

check_trusted_ca() {
  openssl verify -partial_chain "$TRUSTED_CA_FILE" >"$WORK/verify" || return 1
  file_is "$TRUSTED_CA_FILE" "$TRUSTED_CA"
}

apply_trusted_ca() {
  if ! type -P openssl "${TRUST_UPDATE[0]}" >"$WORK/tools"; then
    install_packages "${DOWNLOAD_PACKAGES[@]}"
  fi
  write_file "$TRUSTED_CA_FILE" "$TRUSTED_CA"
  retry 1 0 "${TRUST_UPDATE[@]}"
}
