# shellcheck shell=bash
# The workers' bootstrap tokens: whoever reads a worker's user-data holds one, and it is good for a certificate of any
# node. So each goes as soon as its worker is Ready, which is after that worker's own credentials are on its disk. A worker
# that is built anew while its old Node stays was Ready before the token was made, and that does not count.

: "${ROOT?}" "${ANSWER:?}"

readonly BOOTSTRAP_TOKENS_FILE=$ROOT/etc/meshstrap/secrets/bootstrap_tokens
readonly TOKENS_TIMER=meshstrap-tokens

check_bootstrap_tokens() {
  local found timer
  [[ ! -e $BOOTSTRAP_TOKENS_FILE ]]
  found=$(bootstrap_tokens_found)
  [[ $found != *spent* ]]
  timer=$(systemctl is-active "$TOKENS_TIMER.timer") || [[ -n $timer ]] || cannot_tell 'systemctl does not answer'
  [[ $timer == active ]] || timer=
  [[ ${found:+active} == "$timer" ]]
}

apply_bootstrap_tokens() {
  local tokens found spent
  if [[ -e $BOOTSTRAP_TOKENS_FILE ]]; then
    tokens=$(bootstrap_tokens_secrets)
    kube apply --filename - <<<"$tokens" >&2
    rm -f "$BOOTSTRAP_TOKENS_FILE"
  fi
  found=$(bootstrap_tokens_found)
  mapfile -t spent < <(sed -n 's/^spent /secret\//p' <<<"$found")
  ((${#spent[@]} == 0)) || kube delete --namespace kube-system --ignore-not-found "${spent[@]}" >&2
  # Workers come hours later, when no run is under way: looked for each minute, until no token is left.
  ask systemctl stop "$TOKENS_TIMER.timer"
  [[ $found != *kept* ]] || retry 1 0 systemd-run --quiet --collect --unit="$TOKENS_TIMER" --on-active=60 \
    --on-unit-active=60 /bin/bash /opt/meshstrap/bootstrap.sh --only bootstrap_tokens
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

# A line for each of ours that is left: spent or kept, and its Secret. Never what is in it.
bootstrap_tokens_found() {
  local tokens nodes secret worker made ready
  tokens=$(kube get secrets --namespace kube-system --selector meshstrap-worker --output \
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.labels.meshstrap-worker} {.metadata.creationTimestamp}{"\n"}{end}')
  nodes=$(kube get nodes --output 'jsonpath={range .items[*]}{.metadata.name} '\
'{range .status.conditions[?(@.type=="Ready")]}{.status} {.lastTransitionTime}{end}{"\n"}{end}')
  while read -r secret worker made; do
    ready=$(sed -n "s/^$worker True //p" <<<"$nodes")
    if [[ $ready > $made ]]; then
      printf 'spent %s\n' "$secret"
    elif [[ -n $secret ]]; then
      printf 'kept %s\n' "$secret"
    fi
  done <<<"$tokens"
}
