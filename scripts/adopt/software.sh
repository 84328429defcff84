# shellcheck shell=bash
# Of what is installed: another Kubernetes, others' containers, and packages that the node's own could not come beside.

: "${ROOT?}" "${WORK?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_ROLE:?}" "${REPOSITORY_FILES[*]:?}"

# Name, what shows that it is or was here, and how it goes away.
readonly ADOPT_KUBERNETES="K3s|/var/lib/rancher/k3s|k3s-uninstall.sh or k3s-agent-uninstall.sh
RKE2|/var/lib/rancher/rke2|rke2-uninstall.sh
k0s|/var/lib/k0s|k0s stop; k0s reset
MicroK8s|/var/snap/microk8s|snap remove --purge microk8s
Canonical Kubernetes|/var/snap/k8s|snap remove --purge k8s"

# Those of the paths that are there, and no empty folder.
adopt_found() { # <path>...
  local found
  found=$(find "${@/#/$ROOT}" -maxdepth 0 ! '(' -type d -empty ')' 2>/dev/null) || true
  printf '%s' "${found//$'\n'/, }"
}

adopt_ask_kubernetes() {
  local name path way found
  local -a own=(/etc/kubernetes/{admin,kubelet}.conf /etc/kubernetes/manifests /var/lib/kubelet/{config.yaml,pki})
  while IFS='|' read -r name path way; do
    found=$(adopt_found "$path")
    [[ -z $found ]] || refuses "$name is here ($found): a machine carries one Kubernetes" \
      "take another machine, or, if nothing of it is needed any more: $way"
  done <<<"$ADOPT_KUBERNETES"
  # Only a control plane has an etcd.
  [[ $NODE_ROLE != control-plane ]] || own+=(/var/lib/etcd)
  found=$(adopt_found "${own[@]}")
  [[ -z $found ]] || refuses "another cluster has been here: $found" \
    'take another machine, or, if nothing of it is needed any more: kubeadm reset, and move away what it leaves'
}

# Docker's own containerd is the very one that the node configures, restarts, and puts onto its data volume.
adopt_ask_containers() {
  local found unit state=''
  for unit in docker.service docker.socket; do
    state+=$(service_state "$unit")
  done
  if [[ $state == *=active* || $state == *=enabled* ]]; then
    refuses 'Docker runs here: its containerd becomes the node'"'"'s, with another configuration and other versions' \
      'move its containers away (into the cluster, later), then: systemctl disable --now docker.socket docker'
  fi
  found=$(find "$ROOT/var/lib/containerd/io.containerd.content.v1.content/blobs" -type f -print -quit 2>/dev/null) || true
  [[ -z $found ]] || refuses "somebody's images and containers are in /var/lib/containerd" \
    'ctr namespaces list says whose; when they are not needed: systemctl stop containerd; mv /var/lib/containerd{,.old}'
  # Cilium renames what is not its own there, so that no other plugin starts the pods.
  found=$(find "$ROOT/etc/cni/net.d" -type f ! -name '*cilium*' 2>/dev/null) || true
  [[ -z $found ]] || refuses "another network for containers is configured: ${found//$'\n'/, }; Cilium would switch it off" \
    'move it away, if nothing needs it'
}

adopt_ask_packages() {
  local package found=''
  for package in containerd runc; do
    ask package_is_installed "$package"
    ((ANSWER < 2)) || fail "cannot tell what is installed: $LAST_ERROR"
    ((ANSWER == 1)) || found+=" $package"
  done
  [[ -z $found ]] || refuses "the distribution's$found would have to go for containerd.io, and what needs it, too" \
    "remove it: apt-get or dnf remove$found"
  for package in "${REPOSITORY_FILES[@]}"; do
    found=$(package_foreign_source "$package")
    [[ -z $found ]] || refuses "${found//$'\n'/, } names a repository of the plan, too: apt would refuse both" \
      'move it out of /etc/apt: the node writes its own'
  done
}

# A source that is gone or whose key has expired would stop the step `packages` after others have been at work. So apt is
# asked in a folder of its own: for the signed Release files alone, and without what others run after an update.
adopt_ask_sources() {
  local found
  hash apt-get apt-config 2>/dev/null || return 0
  mkdir -p "$WORK/lists/partial"
  found=$(apt-config dump)
  # What is dumped cannot always be read again: of a value with quotes in it apt escapes none.
  sed -nE '/^Acquire::IndexTargets/d; /^(Acquire|APT::Architecture|Dir)[^"]* "[^"]*";$/p' <<<"$found" >"$WORK/apt.conf"
  cat >>"$WORK/apt.conf" <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::State::lists "$WORK/lists/";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "0";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
Acquire::IndexTargets::deb::Packages::DefaultEnabled "false";
Acquire::IndexTargets::deb::Translations::DefaultEnabled "false";
Acquire::IndexTargets::deb-src::Sources::DefaultEnabled "false";
CONF
  ask env APT_CONFIG="$WORK/apt.conf" timeout 80 apt-get --quiet update
  ((ANSWER != 0)) || return 0
  found=$(sed -n '/Some index files/d; s/^E: //p' "$WORK/stderr")
  refuses "apt-get update fails: ${found:-exit $ANSWER}" \
    "mend that source, or move it out of /etc/apt: the node's packages would wait for it"
}
