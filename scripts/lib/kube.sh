# shellcheck shell=bash
# shellcheck disable=SC2034 # the steps use its paths
# kubectl, kubeadm, and the name by which every node reaches the API server.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${NODE_NAME:?}" "${API_ENDPOINT:?}" "${API_PORT:?}" "${CONTROL_PLANE:?}"

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

kubelet_runs() {
  local state
  state=$(service_state kubelet)
  [[ $state == *=active* ]]
}

# /etc/hosts with our line first, where it wins over any other of that name.
api_alias() { # <address> <path>
  printf '%s\n' "$1 $API_ENDPOINT # meshstrap: API"
  sed '/ # meshstrap: API$/d' "$2"
}

# On tmpfs: a worker's holds its token. The folder of the patch is the one that the configuration names.
write_kubeadm_config() { # <configuration> <patch of this node's kubelet, or nothing>
  write_file "$WORK/kubeadm.yaml" "$1" 600
  [[ -z $2 ]] ||
    write_file "$ROOT/etc/meshstrap/patches/kubeletconfiguration+strategic.yaml" "$2"
}

# What it prints goes to the journal as it comes. Its last line on stderr is only a hint at --v=5; the lines with the
# error stand before it.
run_kubeadm() { # <argument>...
  local errors
  set +e
  kubeadm "$@" >&2 2>"$WORK/stderr"
  ANSWER=$?
  set -e
  cat "$WORK/stderr" >&2
  ((ANSWER != 0)) || return 0
  errors=$(sed -n 's/^error: //p; s/^\t\[ERROR /[/p' "$WORK/stderr" | tr '\n' ' ' | cut -c 1-400)
  [[ $errors != *'already exists in the cluster'* ]] || waiting "$errors" \
    "if the old machine $NODE_NAME is gone, on $CONTROL_PLANE: kubectl delete node $NODE_NAME; else rename this one"
  fail "kubeadm $1: ${errors:-exit $ANSWER}"
}
