# shellcheck shell=bash
# The workers' bootstrap tokens: whoever reads a worker's user-data holds one, and it is good for a certificate of any
# node. So each goes as soon as its worker is Ready, which is after that worker's own credentials are on its disk; kubeadm
# lets nobody join by the name of a node that is Ready.

: "${ROOT?}"

check_bootstrap_tokens() {
  local left timer
  [[ ! -e $ROOT/etc/meshstrap/secrets/bootstrap_tokens ]]
  left=$(bootstrap_tokens_left)
  [[ $left != *' Ready'* ]]
  timer=$(service_state meshstrap-tokens.timer)
  [[ -z $left || $timer == *=active* ]]
  [[ -n $left || $timer != *=active* ]]
}

apply_bootstrap_tokens() {
  local tokens secret worker twins timer left=
  if [[ -e $ROOT/etc/meshstrap/secrets/bootstrap_tokens ]]; then
    tokens=$(bootstrap_tokens_secrets)
    kube apply --filename - <<<"$tokens" >&2
    while read -r worker _ left; do
      fact "ends bootstrap-token-$worker" "$left"
    done <"$ROOT/etc/meshstrap/secrets/bootstrap_tokens"
    rm -f "$ROOT/etc/meshstrap/secrets/bootstrap_tokens"
  fi
  tokens=$(bootstrap_tokens_left)
  while read -r secret worker; do
    if [[ $worker == Ready ]]; then
      # All of CoreDNS came to run on the node that was Ready first, and nothing moves a pod that runs: no pod would resolve
      # a name while that machine is down. Made anew, one prefers another node (kubeadm's anti-affinity). One that has
      # Succeeded or Failed is nobody's twin.
      twins=$(kube get pods --namespace kube-system --selector k8s-app=kube-dns \
        --output custom-columns=:.metadata.name,:.spec.nodeName,:.status.phase | awk '$3 !~ /ed$/ && n[$2]++ { print $1 }')
      # shellcheck disable=SC2086 # a name of a pod has no spaces
      [[ -z $twins ]] || kube delete pods --namespace kube-system $twins >&2
      kube delete --namespace kube-system "secret/$secret" >&2
    else
      left=$secret
    fi
  done <<<"$tokens"
  # Workers come hours later, when no run is under way: looked for each minute, until no token is left. A timer may tick
  # already, and it may be its very run that is here.
  if [[ -z $left ]]; then
    ask systemctl stop meshstrap-tokens.timer
    return 0
  fi
  timer=$(service_state meshstrap-tokens.timer)
  [[ $timer == *=active* ]] || retry 1 0 systemd-run --quiet --collect --unit=meshstrap-tokens \
    --on-active=60 --on-unit-active=60 bash /opt/meshstrap/bootstrap.sh --only bootstrap_tokens
}

# As Secrets (kubernetes.io, "Authenticating with Bootstrap Tokens"): unlike `kubeadm token create` this may be repeated,
# and puts no token on a command line.
bootstrap_tokens_secrets() {
  local worker token expires
  while read -r worker token expires; do
    cat <<TXT
---
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-${token%.*}, namespace: kube-system, labels: {meshstrap-worker: "$worker"}}
type: bootstrap.kubernetes.io/token
stringData:
  description: worker $worker
  token-id: "${token%.*}"
  token-secret: "${token#*.}"
  expiration: "$expires"
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
TXT
  done <"$ROOT/etc/meshstrap/secrets/bootstrap_tokens"
}

# A line for each of ours: its Secret, never what is in it, and Ready where its worker is and takes pods. A node that is not
# Ready has a taint that says so, and one more until Cilium's agent has come up.
bootstrap_tokens_left() {
  local nodes tokens
  nodes=$(kube get nodes --output custom-columns=:.metadata.name,:.spec.taints)
  tokens=$(kube get secrets --namespace kube-system --selector meshstrap-worker --no-headers --label-columns meshstrap-worker)
  awk '/^bootstrap-token-/ && NF == 5 { print $1 ready[$5]; next }
    !/not-ready|unreach/ { ready[$1] = " Ready" }' <<<"$nodes"$'\n'"$tokens"
}
