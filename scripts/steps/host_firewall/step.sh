# shellcheck shell=bash
# The image's own firewall lets the mesh and the pods through. It is edited, never flushed, saved or reloaded:
# saving would freeze the chains of Tailscale and Cilium into it, reloading would throw the live ones away.
# How depends on the OS family: firewall_iptables.sh (Ubuntu, Debian) or firewall_firewalld.sh (Oracle Linux).

check_host_firewall() {
  firewall_is_open
}

apply_host_firewall() {
  open_firewall
}
