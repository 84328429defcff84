# shellcheck shell=bash
# The control plane. An init that was cut short is continued: kubeadm's phases take what is there, so its preflight is
# told, check by check, which of the things that it finds are its own.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_NAME:?}" "${API_PORT:?}" "${KUBEADM_CONFIG:?}"
: "${KUBELET_PATCH?}" "${KUBERNETES:?}" "${ADMIN_KUBECONFIG:?}" "${HOSTS_FILE:?}"

readonly BOOTSTRAP_TOKENS_FILE=$ROOT/etc/meshstrap/secrets/bootstrap_tokens
readonly PKI=$KUBERNETES/pki
readonly MANIFESTS=$KUBERNETES/manifests
readonly ETCD=$ROOT/var/lib/etcd
# Each part, and what kubeadm's preflight (checks.go) complains about once its manifest is there.
readonly CONTROL_PLANE_PARTS="kube-apiserver Port-$API_PORT
kube-controller-manager Port-10257
kube-scheduler Port-10259
etcd Port-2379,Port-2380,DirAvailable--var-lib-etcd"

check_control_plane() {
  local address
  address=$(tailnet_address)
  is_edited "$HOSTS_FILE" api_alias "$address"
  [[ -s $ADMIN_KUBECONFIG && -s $MANIFESTS/kube-apiserver.yaml ]]
  api_answers "$address"
  control_plane_is_complete
  [[ ! -e $BOOTSTRAP_TOKENS_FILE ]]
}

apply_control_plane() {
  local address tokens void
  address=$(tailnet_address)
  edit_file "$HOSTS_FILE" api_alias "$address"
  # After a boot, or after an init that was cut while it waited, the API comes up by itself; an init then would only
  # write over the manifests of a living cluster.
  ask control_plane_is_starting
  if ((ANSWER == 0)); then
    await 600 "API server at $address:$API_PORT" 'sudo crictl ps --all; journalctl -u kubelet -n 50' control_plane_is_up "$address"
    void=$(etcd_without_entries)
    if [[ -n $void ]]; then
      etcd_starts_anew "$void"
      await 600 "API server at $address:$API_PORT" 'sudo crictl ps --all; journalctl -u kubelet -n 50' api_answers "$address"
    fi
    ask control_plane_is_complete
    ((ANSWER < 2)) || fail "cannot tell whether init has finished: $LAST_ERROR"
  fi
  ((ANSWER == 0)) || control_plane_init "$address"
  if [[ -e $BOOTSTRAP_TOKENS_FILE ]]; then
    tokens=$(control_plane_tokens)
    kube apply --filename - <<<"$tokens" >&2
    rm -f "$BOOTSTRAP_TOKENS_FILE"
  fi
}

# People pin it: cluster.ca_cert_hash.
facts_control_plane() {
  local hash
  hash=$(openssl x509 -in "$PKI/ca.crt" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum)
  fact ca_cert_hash "sha256:${hash%% *}"
}

# The workers' bootstrap tokens as Secrets (kubernetes.io, "Authenticating with Bootstrap Tokens"): unlike `kubeadm
# token create` this may be repeated, and puts no token on a command line.
control_plane_tokens() {
  local worker token expires
  while read -r worker token expires; do
    cat <<TXT
---
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-${token%.*}, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  description: "meshstrap: worker $worker"
  token-id: "${token%.*}"
  token-secret: "${token#*.}"
  expiration: "$expires"
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
TXT
  done <"$BOOTSTRAP_TOKENS_FILE"
}

control_plane_is_starting() {
  local part
  kubelet_runs
  [[ -s $ADMIN_KUBECONFIG ]]
  while read -r part _; do
    [[ -s $MANIFESTS/$part.yaml ]]
  done <<<"$CONTROL_PLANE_PARTS"
}

# The API answers, or it never will.
control_plane_is_up() { # <address>
  local void
  void=$(etcd_without_entries)
  [[ -n $void ]] || api_answers "$1"
}

# etcd makes its log before the log's first entry. Cut between the two, it comes back without a member, and waits for a
# leader for ever. Its own word for it: it restarts with nothing committed. A first election commits, so nothing is lost.
etcd_without_entries() {
  local etcd
  etcd=$(crictl ps --quiet --state running --name '^etcd$')
  [[ -z $etcd ]] || crictl logs "$etcd" 2>&1 | sed -n "s/.*restarting local member.*\"commit-index\":0}.*/$etcd/p"
}

# Moved while it still runs: the kubelet starts the next one as soon as this one ends.
etcd_starts_anew() { # <container>
  log change 'the first start of etcd was cut short: it starts anew, its empty log is in /var/lib/etcd/void'
  rm -rf "$ETCD/void"
  mv "$ETCD/member" "$ETCD/void"
  crictl stop "$1" >&2
}

# The last thing that init makes is the Service kube-dns (kubeadm 1.36, phases/addons/dns), after all other phases.
control_plane_is_complete() {
  local answer code
  set +e
  answer=$(kube get --namespace kube-system --ignore-not-found --output name "node/$NODE_NAME" service/kube-dns 2>&1)
  code=$?
  set -e
  # Before the phase in which admin.conf gets its rights, the API answers and forbids.
  [[ $answer != *Forbidden* ]]
  ((code == 0)) || cannot_tell "$answer"
  [[ $answer == *"node/$NODE_NAME"* && $answer == *service/kube-dns* ]]
}

control_plane_init() { # <address>
  local config waived
  config=$(fill_tailnet_address "$KUBEADM_CONFIG" "$1")
  control_plane_certificates "$config"
  # An empty kubeconfig is all that a power cut leaves of a new one, and init would refuse it.
  find "$KUBERNETES" -maxdepth 1 -name '*.conf' -empty -delete
  waived=$(control_plane_leftovers)
  write_kubeadm_config "$config" "$KUBELET_PATCH"
  run_kubeadm init --config "$WORK/kubeadm.yaml" --skip-token-print --ignore-preflight-errors "$waived"
  sync
}

# kubeadm syncs nothing, and never mends half a pair of key and certificate: a cut right there would stop every later
# init. So they are made aside, and appear all at once.
control_plane_certificates() { # <kubeadm configuration>
  [[ ! -d $PKI ]] || return 0
  rm -rf "$PKI.new"
  write_file "$WORK/certificates.yaml" "${1/kind: ClusterConfiguration/kind: ClusterConfiguration$'\n'certificatesDir: $PKI.new}" 600
  run_kubeadm init phase certs all --config "$WORK/certificates.yaml"
  sync
  mv "$PKI.new" "$PKI"
}

# The checks that complain about an earlier, unfinished init, each only while the file is there that makes the port or
# the folder ours.
control_plane_leftovers() {
  local waived='' part checks
  while read -r part checks; do
    [[ -e $MANIFESTS/$part.yaml ]] || continue
    waived+=,FileAvailable--etc-kubernetes-manifests-$part.yaml,$checks
  done <<<"$CONTROL_PLANE_PARTS"
  [[ ! -e $ROOT/var/lib/kubelet/config.yaml ]] || waived+=,Port-10250
  printf '%s\n' "${waived#,}"
}
