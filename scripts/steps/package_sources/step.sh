# shellcheck shell=bash
# Where packages come from: the vendors' repositories, each with the signing keys that the plan names.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${DOWNLOAD_PACKAGES[*]:?}"
: "${KEY_FOLDER:?}" "${REPOSITORY_PREFIX:?}" "${REPOSITORY_SUFFIX:?}"
: "${REPOSITORY_NAMES[*]:?}" "${REPOSITORY_FILES[*]:?}" "${REPOSITORY_KEY_URLS[*]:?}" "${REPOSITORY_KEY_FINGERPRINTS[*]:?}"

check_package_sources() {
  local i
  for i in "${!REPOSITORY_NAMES[@]}"; do
    package_sources_has "$i"
  done
}

apply_package_sources() {
  local i foreign
  for i in "${REPOSITORY_FILES[@]}"; do
    foreign=$(package_foreign_source "$i")
    [[ -z $foreign ]] || fail "${foreign//$'\n'/, } names a repository of the plan, too: apt would refuse both" \
      'move it out of /etc/apt'
  done
  # Debian's cloud images have no gpg. Nothing of ours is configured yet, so it comes from the distribution.
  if ! type -P curl gpg >"$WORK/tools"; then
    install_packages "${DOWNLOAD_PACKAGES[@]}"
  fi
  # A node that has joined goes on with a key that has expired and cannot be had anew, be it that the vendor has not
  # prolonged it, has another one or is gone: its packages are there, and what the steps behind renew would end.
  [[ ! -f $ROOT/etc/kubernetes/kubelet.conf ]] || EXPIRED_IS_TAKEN=true
  for i in "${!REPOSITORY_NAMES[@]}"; do
    ask package_sources_has "$i"
    # What is there already is only tried: a failure is told, and stops nothing.
    ((ANSWER != 0)) || set +e
    (
      set -e
      package_sources_add "$i"
    )
    set -e
    rm -f "$WORK/told"
  done
}

package_sources_has() { # <number of the repository>
  local name=${REPOSITORY_NAMES[$1]}
  local file=$KEY_FOLDER/meshstrap-$name.asc
  package_sources_key_is_right "$1" "$file"
  # apt reads it as a user of its own.
  file_is "$file" "$(<"$file")"
  file_is "$REPOSITORY_PREFIX$name$REPOSITORY_SUFFIX" "${REPOSITORY_FILES[$1]}"
}

package_sources_add() { # <number of the repository>
  local name=${REPOSITORY_NAMES[$1]} url planned keys
  local place="check sources.repositories.$name"
  for url in ${REPOSITORY_KEY_URLS[$1]}; do
    fetch "$url" "$WORK/key"
    ask package_sources_gpg --import "$WORK/key"
    ((ANSWER == 0)) || fail "$url is no OpenPGP key: $LAST_ERROR" "$place in cluster.yaml"
  done
  # A vendor that changes its key serves both for a while: those of the plan are stored, and as ASCII, whatever was
  # served, since apt tells the two apart by the file's name.
  read -ra planned <<<"${REPOSITORY_KEY_FINGERPRINTS[$1]}"
  ask package_sources_gpg --armor --export "${planned[@]}"
  mv "$WORK/answer" "$WORK/key.asc"
  if [[ ! -s $WORK/key.asc ]]; then
    keys=$(package_sources_gpg --with-colons --show-keys "$WORK/key")
    keys=$(package_sources_fingerprints "$keys")
    fail "${REPOSITORY_KEY_URLS[$1]}: signing key ${keys//$'\n'/, } is not in the plan: nothing was stored" \
      "$place.key_fingerprints in cluster.yaml"
  fi
  write_file "$KEY_FOLDER/meshstrap-$name.asc" "$(<"$WORK/key.asc")"
  package_forget_keys "${planned[@]}"
  write_file "$REPOSITORY_PREFIX$name$REPOSITORY_SUFFIX" "${REPOSITORY_FILES[$1]}"
}

# Every primary key in the file is one that the plan names, and one at least has not expired: vendors make their keys last
# longer, under the same fingerprint.
package_sources_key_is_right() { # <number of the repository> <file>
  local keys key named=" ${REPOSITORY_KEY_FINGERPRINTS[$1]} "
  [[ -f $2 ]]
  # shellcheck disable=SC2310 # one external command, and any failure of it means: not a key
  keys=$(package_sources_gpg --with-colons --show-keys "$2") || return 1
  [[ $keys != *pub:e:* || $keys == *pub:[^e]:* || -n ${EXPIRED_IS_TAKEN-} ]] || no "$2 has expired, here or at its vendor"
  keys=$(package_sources_fingerprints "$keys")
  [[ -n $keys ]]
  for key in $keys; do
    [[ $named == *" $key "* ]] || no "signing key $key is not in the plan"
  done
}

package_sources_fingerprints() { # <keys as gpg shows them with colons>
  sed -n '/^pub/,/^fpr/s/^fpr:*\(.*\):/\1/p' <<<"$1"
}

# Without settings of its own, and without its agent, which only private keys need and an image may lack.
package_sources_gpg() { # <argument>...
  gpg --homedir "$WORK" --no-autostart --batch --quiet "$@"
}
