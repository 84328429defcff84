"""One Kubernetes cluster out of machines in different cloud accounts: user-data rendered from one ``cluster.yaml``."""

__version__ = "0.1.0"
