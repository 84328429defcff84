"""What the parts of the control plane are told beyond kubeadm's own.

kubeadm 1.36 itself sets what a cluster needs; these are what it leaves at Kubernetes' defaults and a small cluster is
better without. Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/ (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from meshstrap.inventory import Cluster, Volume, components
from meshstrap.plan.merging import derive_overrides
from meshstrap.plan.model import Component, Override

PKI = "/etc/kubernetes/pki"
"""kubeadm's folder of certificates, which the API server sees as a whole: what it reads of ours lies there, too."""

AUDIT_LOGS = "/var/log/kubernetes"
"""Where the API server writes who did what: one file of 100 MB and ten older ones of 30 days, the least that CIS 1.12
asks for. 1.1 GB at the very most."""

AUDIT_BYTES = 11 * 100 * 2**20
"""All of them."""

MINIMUM_TLS = "VersionTLS12"
"""The oldest TLS that the API server and the kubelets speak. Go's own default is the same since 1.22; said, so that a
newer default or an older build changes nothing."""

CIPHER_SUITES = (
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
)
"""For TLS 1.2: an ephemeral key exchange and an AEAD cipher, for both kinds of key that a certificate may have. HTTP/2
asks for one of them (RFC 9113, 9.2.2), so whoever speaks it has them. CIS 1.12 lists both; TLS 1.3 has its own."""


OTHER_ARGUMENTS: Mapping[str, str] = {"profiling": "false"}
"""The controller manager's and the scheduler's: no profiles."""


def api_server_arguments() -> dict[str, str]:
    """The API server's: it shows no profiles, tokens of pods end when they say, and TLS is today's."""
    return {
        "profiling": "false",
        # true makes a token that says "an hour" good for a year, for clients of 2021 that never read it again.
        "service-account-extend-token-expiration": "false",
        "admission-control-config-file": f"{PKI}/admission.yaml",
        "encryption-provider-config": f"{PKI}/encryption.yaml",
        "audit-policy-file": f"{PKI}/audit.yaml",
        "audit-log-path": f"{AUDIT_LOGS}/audit.log",
        "audit-log-maxage": "30",
        "audit-log-maxbackup": "10",
        "audit-log-maxsize": "100",
        "tls-min-version": MINIMUM_TLS,
        "tls-cipher-suites": ",".join(CIPHER_SUITES),
    }


def derive_api_server(theirs: components.Component) -> Component:
    """Ours with the person's over them."""
    logs = Volume(
        name="audit", host_path=AUDIT_LOGS, mount_path=AUDIT_LOGS, path_type="DirectoryOrCreate", read_only=False
    )
    ours = _derive(api_server_arguments(), theirs)
    return replace(ours, volumes=(logs, *ours.volumes))


def derive_other(theirs: components.Component) -> Component:
    """The controller manager or the scheduler: ours with the person's over them."""
    return _derive(OTHER_ARGUMENTS, theirs)


def _derive(ours: Mapping[str, str], theirs: components.Component) -> Component:
    return Component(arguments={**ours, **theirs.arguments}, volumes=theirs.volumes)


def component_overrides(cluster: Cluster) -> Iterator[Override]:
    """What the person has set over ours, or beside it."""
    for key, ours, theirs in (
        ("api_server", api_server_arguments(), cluster.api_server),
        ("controller_manager", OTHER_ARGUMENTS, cluster.controller_manager),
        ("scheduler", OTHER_ARGUMENTS, cluster.scheduler),
    ):
        yield from derive_overrides(f"cluster.{key}.arguments", ours, theirs.arguments)
