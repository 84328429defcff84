# shellcheck shell=bash
# Where packages come from: the vendors' repositories, each with the signing keys that the plan names, and the private
# CA before anything is downloaded.

: "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${TRUSTED_CA?}" "${TRUSTED_CA_FILE:?}" "${TRUST_UPDATE[*]:?}" "${DOWNLOAD_PACKAGES[*]:?}"
: "${KEY_FOLDER:?}" "${REPOSITORY_PREFIX:?}" "${REPOSITORY_SUFFIX:?}"
: "${REPOSITORY_NAMES[*]:?}" "${REPOSITORY_FILES[*]:?}" "${REPOSITORY_KEY_URLS[*]:?}" "${REPOSITORY_KEY_FINGERPRINTS[*]:?}"

check_package_sources() {
  local i
  if [[ -n $TRUSTED_CA ]]; then
    openssl verify -partial_chain "$TRUSTED_CA_FILE" >"$WORK/verify" || return 1
    printf '%s\n' "$TRUSTED_CA" | file_is "$TRUSTED_CA_FILE" 644
  fi
  for i in "${!REPOSITORY_NAMES[@]}"; do
    package_sources_key_is_right "$i" "$KEY_FOLDER/meshstrap-${REPOSITORY_NAMES[i]}.asc"
    printf '%s\n' "${REPOSITORY_FILES[i]}" |
      file_is "$REPOSITORY_PREFIX${REPOSITORY_NAMES[i]}$REPOSITORY_SUFFIX" 644
  done
}

apply_package_sources() {
  local i
  # Debian's cloud images have no gpg. Nothing of ours is configured yet, so it comes from the distribution.
  if ! type -P curl gpg "${TRUST_UPDATE[0]}" >"$WORK/tools"; then
    install_packages "${DOWNLOAD_PACKAGES[@]}"
  fi
  if [[ -n $TRUSTED_CA ]]; then
    printf '%s\n' "$TRUSTED_CA" | write_file "$TRUSTED_CA_FILE" 644
    retry 1 0 "${TRUST_UPDATE[@]}"
  fi
  for i in "${!REPOSITORY_NAMES[@]}"; do
    package_sources_add "$i"
  done
}

package_sources_add() { # <number of the repository>
  local name=${REPOSITORY_NAMES[$1]} url=${REPOSITORY_KEY_URLS[$1]}
  fetch "$url" "$WORK/key"
  # Whatever the vendor serves, ASCII or binary, is stored as ASCII: apt tells the two apart by the file's name.
  ask package_sources_gpg --armor --import-options import-export --import "$WORK/key"
  ((ANSWER == 0)) || fail "$url is no OpenPGP key: $LAST_ERROR" "check sources.repositories.$name in cluster.yaml"
  mv "$WORK/answer" "$WORK/key.asc"
  ask package_sources_key_is_right "$1" "$WORK/key.asc"
  ((ANSWER == 0)) || fail "$url: $LAST_ERROR: nothing was stored" \
    "if the vendor has a new key: sources.repositories.$name.key_fingerprints in cluster.yaml"
  write_file "$KEY_FOLDER/meshstrap-$name.asc" 644 <"$WORK/key.asc"
  printf '%s\n' "${REPOSITORY_FILES[$1]}" | write_file "$REPOSITORY_PREFIX$name$REPOSITORY_SUFFIX" 644
}

# Every primary key in the file is one that the plan names, and there is one.
package_sources_key_is_right() { # <number of the repository> <file>
  local keys key named=" ${REPOSITORY_KEY_FINGERPRINTS[$1]} "
  [[ -f $2 ]] || return 1
  # shellcheck disable=SC2310 # one external command, and any failure of it means: not a key
  keys=$(package_sources_gpg --with-colons --show-keys "$2") || return 1
  keys=$(awk -F: '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }' <<<"$keys")
  [[ -n $keys ]] || return 1
  for key in $keys; do
    if [[ $named != *" $key "* ]]; then
      printf 'signing key %s is not in the plan\n' "$key" >&2
      return 1
    fi
  done
}

# Without a keyring and settings of its own.
package_sources_gpg() { # <argument>...
  gpg --homedir "$WORK" --batch --quiet "$@"
}
