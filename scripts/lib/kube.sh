# shellcheck shell=bash
# shellcheck disable=SC2034 # the steps use its paths
# kubectl, kubeadm, and the name by which every node reaches the API server.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${API_ENDPOINT:?}" "${API_PORT:?}"

readonly KUBERNETES=$ROOT/etc/kubernetes
readonly ADMIN_KUBECONFIG=$KUBERNETES/admin.conf
readonly KUBELET_KUBECONFIG=$KUBERNETES/kubelet.conf
readonly HOSTS_FILE=$ROOT/etc/hosts

# As the cluster's administrator, bounded. kubectl exits 1 on any failure: callers that must tell "no" from "could not
# ask" look at the output. HOME is the run's scratch, since kubectl keeps a cache there.
kube() { # <argument>...
  HOME=$WORK kubectl --kubeconfig "$ADMIN_KUBECONFIG" --request-timeout=15s "$@"
}

# Only whether it answers. The certificate is of no use for that: before a join nobody here knows the cluster's CA, and
# whoever joins or administrates has it checked by kubeadm or kubectl.
api_answers() { # <address>
  curl --fail --silent --show-error --insecure --max-time 5 --output /dev/null "https://$1:$API_PORT/livez" || return 1
}

# /etc/hosts with our line first, where it wins over any other of that name. The API server's certificate and every
# kubeconfig have the name that the cluster was made with: without it nobody there would find the API any more.
api_alias() { # <address> <path>
  local known
  known=$(grep -hs 'server: https://[a-z]' "$KUBERNETES"/{admin,kubelet}.conf) || true
  [[ -z $known || $known == *"//$API_ENDPOINT:"* ]] ||
    fail "this cluster's API is not called $API_ENDPOINT" 'set api_endpoint back in cluster.yaml'
  printf '%s\n' "$1 $API_ENDPOINT # meshstrap: API"
  sed '/ # meshstrap: API$/d' "$2"
}

# On tmpfs: a worker's holds its token. The folder of the patch is the one that the configuration names.
write_kubeadm_config() { # <configuration> <patch of this node's kubelet, or nothing>
  write_file "$WORK/kubeadm.yaml" "$1" 600
  [[ -z $2 ]] ||
    write_file "$ROOT/etc/meshstrap/patches/kubeletconfiguration+strategic.yaml" "$2"
}

run_kubeadm() { # <argument>...
  ask_kubeadm "$@"
  ((ANSWER == 0)) || fail "kubeadm $1: ${LAST_ERROR:-exit $ANSWER}"
}

# Sets ANSWER and LAST_ERROR, as ask does. What it prints goes to the journal as it comes. Its last line on stderr is only a
# hint at --v=5; the lines with the error stand before it.
ask_kubeadm() { # <argument>...
  set +e
  kubeadm "$@" >&2 2>"$WORK/stderr"
  ANSWER=$?
  set -e
  cat "$WORK/stderr" >&2
  LAST_ERROR=$(sed -n 's/^error: //p; s/^\t\[ERROR /[/p' "$WORK/stderr" | tr '\n' ' ' | cut -c 1-400)
}
