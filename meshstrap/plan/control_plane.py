"""What the parts of the control plane are told beyond kubeadm's own.

kubeadm 1.36 itself sets what a cluster needs; these are what it leaves at Kubernetes' defaults and a small cluster is
better without. Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/ (read 2026-11).
"""

from __future__ import annotations

from meshstrap.plan.model import Component, Network

MINIMUM_TLS = "VersionTLS12"
"""The oldest TLS that the API server and the kubelets speak. Go's own default is the same since 1.22; said, so that a
newer default or an older build changes nothing."""

CIPHER_SUITES = (
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
)
"""For TLS 1.2, which HTTP/2 wants the first or the third for (RFC 9113, 9.2.2): an ephemeral key exchange and an AEAD
cipher, for both kinds of key that a certificate may have. All are in the list of CIS 1.12. TLS 1.3 has its own."""


def derive_api_server() -> Component:
    """The API server: it shows no profiles, tokens of pods end when they say, and TLS is today's."""
    return Component(
        arguments={
            "profiling": "false",
            # true makes a token that says "an hour" good for a year, for clients of 2021 that never read it again.
            "service-account-extend-token-expiration": "false",
            "tls-min-version": MINIMUM_TLS,
            "tls-cipher-suites": ",".join(CIPHER_SUITES),
        }
    )


def derive_controller_manager(network: Network) -> Component:
    """The controller manager: each node's share of the pod subnet, and no profiles."""
    return Component(arguments={"node-cidr-mask-size": str(network.node_pod_prefix), "profiling": "false"})


def derive_scheduler() -> Component:
    """The scheduler: no profiles."""
    return Component(arguments={"profiling": "false"})
