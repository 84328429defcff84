# shellcheck shell=bash
# The control plane. An init that was cut short is continued: kubeadm's phases take what is there, so its preflight is
# told, check by check, which of the things that it finds are its own.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_NAME:?}" "${API_PORT:?}" "${KUBEADM_CONFIG:?}"
: "${KUBELET_PATCH?}" "${KUBERNETES:?}" "${ADMIN_KUBECONFIG:?}" "${HOSTS_FILE:?}"
: "${AUDIT_POLICY:?}" "${ADMISSION:?}" "${ENCRYPTION:?}"

readonly PKI=$KUBERNETES/pki
readonly MANIFESTS=$KUBERNETES/manifests
readonly ETCD=$ROOT/var/lib/etcd
# The chart that the step cilium has installed, which runs once an init has finished.
readonly CLUSTER_HAS_LIVED=$ROOT/var/lib/meshstrap/cilium.tgz
# Each part, and what kubeadm's preflight (checks.go) complains about once its manifest is there.
readonly CONTROL_PLANE_PARTS="kube-apiserver Port-$API_PORT
kube-controller-manager Port-10257
kube-scheduler Port-10259
etcd Port-2379,Port-2380,DirAvailable--var-lib-etcd"
# Renewed certificates, all of them, until each is in its place and every part has been started with it.
readonly RENEWED=$KUBERNETES.renewed

check_control_plane() {
  local address
  address=$(tailnet_address)
  is_edited "$HOSTS_FILE" api_alias "$address"
  [[ -s $ADMIN_KUBECONFIG && -s $MANIFESTS/kube-apiserver.yaml ]]
  control_plane_certificates_last
  api_answers "$address"
  control_plane_is_complete
}

apply_control_plane() {
  local address
  address=$(tailnet_address)
  edit_file "$HOSTS_FILE" api_alias "$address"
  ask control_plane_is_whole
  ((ANSWER != 0)) || control_plane_comes_up "$address"
  ((ANSWER == 0)) || control_plane_init "$address"
}

# People pin it: cluster.ca_cert_hash.
facts_control_plane() {
  local hash
  hash=$(openssl x509 -in "$PKI/ca.crt" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum)
  fact ca_cert_hash "sha256:${hash%% *}"
}

# All that an init leaves on the disk. What the units are doing at this moment says nothing: a kubelet restarts for as
# long as the tailnet is away, its disk full or its certificate expired, and an init would write over manifests that
# people have changed since.
control_plane_is_whole() {
  local part
  for part in "$KUBERNETES"/{admin,kubelet}.conf "$MANIFESTS"/{kube-{apiserver,controller-manager,scheduler},etcd}.yaml \
    "$ROOT/var/lib/kubelet/config.yaml" "$ETCD/member" \
    $(sed -n "s,.*encryption-provider-config=,$ROOT,p" "$MANIFESTS/kube-apiserver.yaml"); do
    [[ -s $part ]] || no "$part is missing or empty"
  done
}

# Whether init has finished is asked of the API then, and is in ANSWER.
control_plane_comes_up() { # <address>
  local void wait="API server at $1:$API_PORT" next='sudo crictl ps --all; journalctl -u kubelet -n 50'
  retry 1 0 systemctl start --no-block kubelet
  ask control_plane_certificates_last
  ((ANSWER == 0)) || control_plane_renew "$next"
  await 600 "$wait" "$next" control_plane_is_up "$1"
  void=$(etcd_without_entries)
  if [[ -n $void ]]; then
    etcd_starts_anew "$void"
    await 600 "$wait" "$next" api_answers "$1"
  fi
  ask control_plane_is_complete
  ((ANSWER < 2)) || fail "cannot tell whether init has finished: $LAST_ERROR"
}

# The API answers, or it never will.
control_plane_is_up() { # <address>
  local void state
  void=$(etcd_without_entries)
  # shellcheck disable=SC2310 # it maps each of its failures to 1 itself
  [[ -z $void ]] && ! api_answers "$1" || return 0
  state=$(systemctl is-active kubelet) || no "the kubelet is $state: $(last_words kubelet)"
  return 1
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
  [[ $answer == *"node/$NODE_NAME"* ]] || no "node $NODE_NAME is not registered"
  [[ -e $CLUSTER_HAS_LIVED || $answer == *service/kube-dns* ]]
}

control_plane_init() { # <address>
  local config waived
  [[ ! -e $CLUSTER_HAS_LIVED && (-s $PKI/encryption.yaml || ! -e $ETCD/member) ]] ||
    waiting "this cluster has data and is not initialised again: $LAST_ERROR" "restore it and $PKI/encryption.yaml from a \
backup; not registered: systemctl restart kubelet; to lose it and begin anew: kubeadm reset; rm -f $CLUSTER_HAS_LIVED"
  config=$(fill_tailnet_address "$KUBEADM_CONFIG" "$1")
  control_plane_certificates "$config"
  control_plane_files
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

# What the API server reads lies beside the certificates: kubeadm shows it that folder. The key of the cluster's Secrets is
# born here and, once etcd has a member, never made anew: without it nobody reads what etcd holds.
control_plane_files() {
  write_file "$PKI/audit.yaml" "$AUDIT_POLICY" 600
  write_file "$PKI/admission.yaml" "$ADMISSION" 600
  [[ -s $PKI/encryption.yaml ]] ||
    write_file "$PKI/encryption.yaml" "${ENCRYPTION/KEY/$(head -c 32 /dev/urandom | base64)}" 600
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

# kubeadm makes certificates for a year, or for what a person has told it, and renews them at its upgrades alone. They are
# due when a third of that is left (122 days of 365), as with cert-manager: three months before the verification says a
# word. How old they are is told by the file, and by the one of them that nobody makes anew by itself. Nothing is due where
# the CA's key is not on this machine.
control_plane_certificates_last() {
  local born oldest=$PKI/apiserver-kubelet-client.crt
  [[ ! -e $RENEWED ]]
  [[ -s $PKI/ca.key && -s $oldest ]] || return 0
  born=$(stat -c %Y "$oldest")
  openssl x509 -in "$oldest" -noout -checkend $(((EPOCHSECONDS - born) / 2)) || no 'certificates end soon'
}

# kubeadm writes a key and then its certificate, and syncs neither. So it renews a copy, which it alone takes for
# /etc/kubernetes, and each file takes its place whole; a run that was cut goes on with that copy. No manifest is touched:
# when a container stops the kubelet starts the next one. In the order of kubeadm's upgrades, each part once: while one of
# them does not come back, the others are left in peace.
control_plane_renew() { # <what a person can do while a part is away>
  local part old
  if [[ ! -e $RENEWED ]]; then
    rm -rf "$RENEWED.new"
    mkdir "$RENEWED.new"
    # Without tmp, where each of kubeadm's upgrades leaves a copy of etcd.
    cp -a "$KUBERNETES"/{manifests,pki,*.conf} "$RENEWED.new"
    # shellcheck disable=SC2016 # that shell expands it
    retry 1 0 unshare --mount sh -c 'mount --bind "$0" "$1" && kubeadm certs renew all' "$RENEWED.new" "$KUBERNETES" >&2
    sync
    mv "$RENEWED.new" "$RENEWED"
  fi
  cp -alf "$RENEWED"/{pki,*.conf} "$KUBERNETES"
  for part in etcd kube-{apiserver,controller-manager,scheduler}; do
    [[ ! -e $RENEWED/$part ]] || continue
    old=$(crictl ps --quiet --label "io.kubernetes.pod.name=$part-$NODE_NAME")
    # shellcheck disable=SC2086 # a person's pod may have several containers
    [[ -z $old ]] || crictl stop --timeout 30 $old >&2
    await 600 "$part" "$1" control_plane_part_is_ready "$part" "${old:-none}"
    : >"$RENEWED/$part"
  done
  mv "$RENEWED" "$RENEWED.new"
  rm -rf "$RENEWED.new"
}

# By the word of the kubelet, which asks it as its manifest says, and of another container than the one that was stopped.
control_plane_part_is_ready() { # <part> <old container>
  local told
  # shellcheck disable=SC2310 # one external command, and any failure of it means: no
  told=$(kube get --namespace kube-system "pod/$1-$NODE_NAME" --output \
    'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {end}{.status.containerStatuses[*].containerID}') ||
    no "the kubelet: $(last_words kubelet)"
  [[ $told == True* && $told != *"$2"* ]]
}
