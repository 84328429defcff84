# shellcheck shell=bash
# Policies for the whole cluster: Cilium's, so its resource type has to be there. Pods reach neither the cloud's metadata
# service, which hands this machine's user-data to anyone who asks, nor the boot volume's iSCSI targets. Of the metadata
# service's address only port 80 is closed: the same address answers DNS (53) and time (123). Nor do they reach other
# machines of the tailnet; the nodes they do, whose addresses are part of no subnet to Cilium (1.20, pkg/ipcache/metadata.go,
# resolveLabels).

: "${CLUSTER_POLICIES:?}"

# kubectl diff answers with 0, 1, or more: as a check does.
check_cluster_policies() {
  cluster_policies_are_possible
  printf '%s\n' "$CLUSTER_POLICIES" | kube diff --filename - >/dev/null
}

apply_cluster_policies() {
  await 300 "Cilium's policies as a resource type" 'kubectl --namespace kube-system get pods' \
    cluster_policies_are_possible
  printf '%s\n' "$CLUSTER_POLICIES" | kube apply --filename - >&2
}

# Cilium's operator registers the type when it starts.
cluster_policies_are_possible() {
  kube get --output name crd/ciliumclusterwidenetworkpolicies.cilium.io
}
