"""The node lab: real Debian machines with real systemd and cloud-init, on one Linux box, as root.

Everything lives in network namespaces that the lab makes; nothing is ever sent outside them.
"""
