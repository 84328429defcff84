"""What can be wrong here on a host, and what the check of each then finds."""

from __future__ import annotations

from tests.unit.hosts.faults import fault, out, says

FAULTS = (
    fault(
        "control_plane",
        "the api server is ready",
        says("api_ready", "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", 1),
        "[-]etcd failed",
    ),
    fault(
        "control_plane",
        "the api server is ready",
        says("api_ready", "The connection to the server was refused\n", 1),
        "was refused",
    ),
    fault(
        "control_plane", "the api server has the planned version", out("api_version", "v1.36.3", "v1.35.1"), "v1.35.1"
    ),
    fault(
        "control_plane", "etcd is healthy", says("etcd", '{"health":"false","reason":"ALARM NOSPACE"}'), "ALARM NOSPACE"
    ),
    fault(
        "control_plane",
        "certificates are good for a month",
        out("certificates", "Nov 10 12:00:00 2027", "Dec  9 12:00:00 2026"),
        "/etc/kubernetes/pki/apiserver.crt: 15.6 days left",
    ),
    fault(
        "control_plane",
        "anonymous callers see nothing",
        says("api_anonymous", "200"),
        "HTTP 200 for the Secrets of kube-system",
    ),
    fault(
        "control_plane",
        "nothing listens where it must not",
        out("listeners", "127.0.0.1:2379", "0.0.0.0:2379"),
        "2379 (etcd's clients) on 0.0.0.0",
    ),
    fault(
        "control_plane",
        "nothing listens where it must not",
        out("listeners", "*:6443", "*:10255"),
        "10255 (the kubelet without authentication) on *",
    ),
    fault(
        "control_plane",
        "the host firewall opens no port of the control plane",
        out("iptables", "-A INPUT -i lo", "-A INPUT -p tcp -m tcp --dport 6443 -j ACCEPT\n-A INPUT -i lo"),
        "--dport 6443",
    ),
    fault(
        "control_plane",
        "the host firewall opens no port of the control plane",
        out(
            "iptables",
            "-A INPUT -i lo",
            "-A INPUT -p tcp -m multiport --dports 22,10000:11000 -j ACCEPT\n-A INPUT -i lo",
        ),
        "10000:11000",
    ),
    fault(
        "control_plane",
        "the cluster was made as planned",
        out("cluster_configuration", "disabled: true", "disabled: false"),
        "proxy.disabled is False, not True",
    ),
    fault(
        "control_plane",
        "the cluster was made as planned",
        out("cluster_configuration", "10.244.0.0/16", "10.250.0.0/16"),
        "podSubnet is 10.250.0.0/16",
    ),
    fault("control_plane", "the ca is the pinned one", says("ca_hash", "cd" * 32), f"sha256:{'cd' * 32}"),
    fault(
        "control_plane",
        "every bootstrap token expires",
        says("tokens", "bootstrap-token-abcdef \n"),
        "bootstrap-token-abcdef",
    ),
)
