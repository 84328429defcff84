# shellcheck shell=bash
# ~/.kube/config of the login user: a copy of the administrator's, with a mark. A file without the mark is a person's
# own and stays as it is; kubectl drops the mark with the first thing that a person changes through it.

: "${ROOT?}" "${LOGIN_USER:?}" "${ADMIN_KUBECONFIG:?}"

readonly KUBECONFIG_MARK='# meshstrap keeps this copy of admin.conf current while this line is here'

check_kubeconfig() {
  local path text owner first=$KUBECONFIG_MARK
  path=$(kubeconfig_path)
  [[ ! -f $path ]] || read -r first <"$path" || first=
  [[ $first == "$KUBECONFIG_MARK" ]] || return 0
  text=$(kubeconfig_text)
  file_is "$path" "$text" 600
  owner=$(stat -c %U "$path")
  [[ $owner == "$LOGIN_USER" ]]
}

# As that user: the folder is theirs, and may lead anywhere.
apply_kubeconfig() {
  local path text
  local -x NEXT="sudo chown -R $LOGIN_USER: ~$LOGIN_USER/.kube"
  path=$(kubeconfig_path)
  text=$(kubeconfig_text)
  # shellcheck disable=SC2016 # the shell of that user expands it
  retry 1 0 runuser --user "$LOGIN_USER" -- bash -c 'umask 077
    mkdir -p "${0%/*}" && cat >"$0.new" && sync "$0.new" && mv -fT "$0.new" "$0"' "$path" <<<"$text"
}

kubeconfig_path() {
  local entry home
  entry=$(getent passwd "$LOGIN_USER") || cannot_tell "no user $LOGIN_USER: check login_user in cluster.yaml"
  IFS=: read -r _ _ _ _ _ home _ <<<"$entry"
  printf '%s\n' "$ROOT$home/.kube/config"
}

kubeconfig_text() {
  printf '%s\n' "$KUBECONFIG_MARK"
  cat "$ADMIN_KUBECONFIG"
}
