"""Facts that only a living cluster has, each broken on it: what ``tests/lab/verify_faults.py`` is for one machine."""

from __future__ import annotations

from tests.lab.verify_faults import SeededFault, seeded

CONFIG = "/var/lib/kubelet/config.yaml"
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
SYSTEM = f"{KUBECTL} --namespace kube-system"
# Where CoreDNS runs: the only node of a young cluster that lets pods of its kind in first.
POD_HOST = "w1"
STEP = "bash /opt/meshstrap/bootstrap.sh --only"


def configured(expression: str) -> tuple[str, str]:
    """Break the kubelet's configuration by a sed expression and let the kubelet read it; then put it back."""
    restart = "sleep 1.1; systemctl restart kubelet"
    return (
        f"cp -p {CONFIG} /run/kept-kubelet; sed -i -E '{expression}' {CONFIG}; {restart}",
        f"cp -p /run/kept-kubelet {CONFIG}; {restart}",
    )


MESH = (
    seeded(
        "mesh_guards.marked_packets_stay_in_the_tailnet",
        "leaves by ens3",
        "ip -4 rule del pref 5207",
        f"{STEP} mesh_guards",
        also=("mesh_guards.the_mesh_rule_comes_before_tailscales_own",),
    ),
    seeded("tailnet.the_tailnet_leaves_name_resolution_alone", "accept-dns is on", "tailscale set --accept-dns=true"),
    seeded("tailnet.the_tailnet_brings_no_routes_that_are_not_planned", "on", "tailscale set --accept-routes=true"),
    seeded(
        "tailnet.the_address_is_that_of_the_first_login",
        "100.64.0.99 at first",
        "cp -p /var/lib/meshstrap/tailnet_address /run/kept; echo 100.64.0.99 >/var/lib/meshstrap/tailnet_address",
        "cp -p /run/kept /var/lib/meshstrap/tailnet_address",
    ),
    seeded(
        "tailnet.the_tailnets_mtu_is_the_planned_one",
        "1300",
        "ip link set tailscale0 mtu 1300",
        "ip link set tailscale0 mtu 1280",
        drift=False,
    ),
    seeded(
        "secrets.the_auth_key_is_gone",
        "/etc/meshstrap/secrets/auth_key",
        "(umask 077; echo x >/etc/meshstrap/secrets/auth_key)",
    ),
    seeded(
        "secrets.the_bootstrap_tokens_are_gone",
        "/etc/meshstrap/secrets/bootstrap_token",
        "(umask 077; echo x >/etc/meshstrap/secrets/bootstrap_token)",
        f"{STEP} join",
    ),
)

_CILIUMS = "rule=$(iptables -S FORWARD | grep -m 1 -- '-j CILIUM_FORWARD$')"
RULES = (
    seeded(
        "mesh_guards.the_rules_of_tailscale_are_in_force",
        "nothing leads to ts-forward",
        "iptables -D FORWARD -j ts-forward",
        "iptables -I FORWARD -j ts-forward",
        drift=False,
    ),
    seeded(
        "mesh_guards.the_rules_of_cilium_are_in_force",
        "nothing leads to CILIUM_FORWARD",
        f'{_CILIUMS}; echo "$rule" >/run/kept-rule; eval "iptables -D ${{rule#-A }}"',
        'read -r _ rule </run/kept-rule; eval "iptables -I $rule"',
        drift=False,
    ),
)
KUBELET = (
    seeded(
        "kubelet.the_kubelet_runs_now_and_after_a_boot", "active, disabled", "systemctl disable --quiet kubelet",
        f"{STEP} kubelet",
    ),
    seeded(
        "kubelet.the_kubelet_starts_after_the_tailnet",
        "no After=tailscale-online.target; no Wants=tailscale-online.target",
        "rm /etc/systemd/system/kubelet.service.d/20-meshstrap.conf; systemctl daemon-reload",
    ),
    seeded(
        "kubelet.the_kubelet_has_the_planned_configuration",
        "imageGCLowThresholdPercent: 55",
        *configured("s/^imageGCLowThresholdPercent.*/imageGCLowThresholdPercent: 55/"),
        drift=False,
    ),
    seeded(
        "kubelet.the_kubelet_has_read_its_latest_configuration",
        f"{CONFIG} was changed after kubelet was started",
        f"sleep 1.1; touch {CONFIG}",
        "systemctl restart kubelet",
        drift=False,
    ),
    seeded(
        "kubelet.the_kubelets_configuration_is_roots_alone",
        f"{CONFIG} is root's, 0644",
        f"chmod 644 {CONFIG}",
        "systemctl restart kubelet",
        drift=False,
    ),
    seeded(
        "kubelet.the_kubelet_resolves_names_as_the_cloud_does",
        "/etc/resolv.conf names 127.0.0.53",
        *configured("s#^resolvConf.*#resolvConf: /etc/resolv.conf#"),
        drift=False,
    ),
    seeded(
        "kubelet.the_kubelet_asks_for_credentials",
        "HTTP 200",
        *configured("/^  anonymous:/{n;s/false/true/}; /^authorization:/{n;s/Webhook/AlwaysAllow/}"),
        drift=False,
    ),
    seeded(
        "kubelet.the_node_has_the_planned_labels_and_taints",
        "taints lab=fault:PreferNoSchedule",
        f"{KUBECTL} taint node cp1 lab=fault:PreferNoSchedule --overwrite",
        f"{KUBECTL} taint node cp1 lab=fault:PreferNoSchedule-",
        drift=False,
        host="cp1",
    ),
    seeded(
        "kubelet.the_apis_name_leads_to_the_control_plane",
        "100.64.0.99",
        "sed -i '/meshstrap: API/s/^[0-9.]*/100.64.0.99/' /etc/hosts",
        f"{STEP} join",
        # The node asks for itself by that name: these cannot be answered then.
        also=(
            "kubelet.the_node_is_ready",
            "kubelet.the_node_has_the_planned_labels_and_taints",
            "kubelet.the_cluster_knows_the_node_by_its_tailnet_address",
        ),
    ),
)  # fmt: skip

CONTROL_PLANE = (
    seeded(
        "control_plane.anonymous_callers_see_nothing",
        "HTTP 200 for the Secrets of kube-system",
        f"{KUBECTL} create clusterrolebinding lab-anonymous --clusterrole=cluster-admin --user=system:anonymous",
        f"{KUBECTL} delete clusterrolebinding lab-anonymous",
        drift=False,
        host="cp1",
    ),
    seeded(
        "lifetimes.kubeadms_certificates_last",
        "/etc/kubernetes/pki/lab.crt: ",
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lab -days 5 "
        "-keyout /dev/null -out /etc/kubernetes/pki/lab.crt 2>/dev/null",
        "rm /etc/kubernetes/pki/lab.crt",
        drift=False,
        host="cp1",
    ),
    seeded(
        "control_plane.nothing_listens_where_it_must_not",
        "10255 (the kubelet without authentication) on 0.0.0.0",
        "systemd-run --quiet --collect --unit=lab-listener python3 -m http.server 10255 --bind 0.0.0.0; sleep 2",
        "systemctl stop lab-listener",
        drift=False,
        host="cp1",
    ),
    seeded(
        "mesh_guards.only_the_mesh_reaches_its_ports",
        "tcp 6443 from ens3 (IPv4): accepted",
        "nft flush table inet meshstrap",
        "systemctl restart meshstrap-mesh-rule",
        drift=False,
        host="cp1",
    ),
    seeded(
        "control_plane.the_cluster_was_made_as_planned",
        "proxy.disabled is False, not True",
        f"{SYSTEM} get configmap kubeadm-config -o yaml >/run/kept.yaml; "
        f"sed 's/disabled: true/disabled: false/' /run/kept.yaml | {SYSTEM} replace -f - >&2",
        f"sed /resourceVersion:/d /run/kept.yaml | {SYSTEM} replace -f - >&2",
        drift=False,
        host="cp1",
    ),
    seeded(
        "control_plane.every_bootstrap_token_expires",
        "bootstrap-token-lab123",
        "kubeadm token create lab123.0123456789abcdef --ttl 0 >&2",
        "kubeadm token delete lab123 >&2",
        drift=False,
        host="cp1",
    ),
    seeded(
        "control_plane.the_login_user_alone_has_a_kubeconfig",
        "/home/debian/.kube/config is debian's, 0644",
        "chmod 644 /home/debian/.kube/config",
        host="cp1",
    ),
    seeded(
        "secrets.the_clusters_keys_are_roots_alone",
        "/etc/kubernetes/pki/ca.key is root's, 0644",
        "chmod 644 /etc/kubernetes/pki/ca.key",
        "chmod 600 /etc/kubernetes/pki/ca.key",
        drift=False,
        host="cp1",
    ),
)

CILIUM = (
    seeded(
        "cilium.the_agents_are_told_the_planned_values",
        "mtu is 1400, not 1280",
        f'{SYSTEM} patch configmap cilium-config --patch \'{{"data": {{"mtu": "1400"}}}}\' >&2',
        f'{SYSTEM} patch configmap cilium-config --patch \'{{"data": {{"mtu": "1280"}}}}\' >&2',
        drift=False,
        host="cp1",
    ),
    seeded(
        "cilium.the_release_has_the_planned_values",
        "labFault: 1",
        "KUBECONFIG=/etc/kubernetes/admin.conf /opt/meshstrap/helm-* upgrade cilium /var/lib/meshstrap/cilium.tgz "
        "--namespace kube-system --reuse-values --set labFault=1 >&2",
        host="cp1",
    ),
    seeded(
        "cilium.pods_cannot_reach_the_metadata_service",
        "denied are no ports",
        f"{KUBECTL} delete ciliumclusterwidenetworkpolicy meshstrap-no-metadata >&2",
        host="cp1",
        also=("cilium.pods_cannot_reach_other_machines_of_the_tailnet",),
    ),
    seeded(
        "cilium.there_is_no_kube_proxy",
        "KUBE-SERVICES",
        "iptables -t nat -N KUBE-SERVICES",
        "iptables -t nat -X KUBE-SERVICES",
        drift=False,
    ),
    seeded(
        "cilium.pods_have_the_planned_mtu",
        "1400",
        "for p in /run/netns/cni-*; do nsenter --net=$p sh -c "
        "'ip route replace $(ip route show default | sed s/mtu.*//) mtu 1400'; done",
        "for p in /run/netns/cni-*; do nsenter --net=$p sh -c "
        "'ip route replace $(ip route show default | sed s/mtu.*//) mtu 1230'; done",
        drift=False,
        host=POD_HOST,
    ),
    seeded(
        "cilium.a_pod_reaches_its_own_kubelet",
        "no connection from any pod of this node",
        "iptables -I INPUT -s 10.244.0.0/16 -p tcp --dport 10250 -j DROP",
        "iptables -D INPUT -s 10.244.0.0/16 -p tcp --dport 10250 -j DROP",
        host=POD_HOST,
        also=("firewall.the_mesh_and_the_pods_get_through",),
    ),
)

FAULTS: tuple[SeededFault, ...] = (*MESH, *RULES, *KUBELET, *CONTROL_PLANE, *CILIUM)
