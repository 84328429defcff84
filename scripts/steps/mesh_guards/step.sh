# shellcheck shell=bash
# What keeps Tailscale and Cilium from breaking each other, in place before either carries traffic: tailscaled runs
# since its package was installed, but it is not logged in before the next step.
# 1. Cilium keeps a pod's identity in the mark bits that Tailscale's rule 5210 matches: one identity in 256 would leave
#    by the physical NIC. Rule 5207 comes before it (https://github.com/cilium/cilium/issues/36104, open, November 2026).
#    Its protocol is the kernel's, as that of Cilium's own rules: systemd-networkd deletes foreign ones at a restart.
#    The same unit closes the ports that only the mesh needs on every other device, and looks each half a minute whether
#    that and the chains of Tailscale and Cilium are there: `firewall-cmd --reload` and the like flush them, and neither
#    of the two makes its own anew before it is started again. And it makes Cilium's tunnel before there is an agent.
# 2. tailscaled offers pod addresses as its own endpoints, and peers would reach the mesh through the mesh
#    (https://github.com/tailscale/tailscale/issues/19797, open, November 2026). It may not talk to the pod subnet.

: "${ROOT?}" "${ANSWER:?}" "${MESH_RULE_UNIT:?}" "${TAILSCALED_DROP_IN:?}" "${TAILNET_SUBNET:?}" "${POD_SUBNET:?}"
: "${TAILSCALED_DROP_IN_FILE:?}"

check_mesh_guards() {
  local rules state
  rules=$(ip -4 rule show)
  nft list table inet meshstrap
  [[ $rules == *$'5207:\tfrom all to '"$TAILNET_SUBNET lookup 52"* ]]
  state=$(service_state tailscaled)
  [[ "${state//[=$'\n']/ } " == *" $POD_SUBNET "* ]]
  mesh_guards_rule_is_current
  mesh_guards_deny_is_current
}

mesh_guards_rule_is_current() {
  file_is "$ROOT/etc/systemd/system/meshstrap-mesh-rule.service" "$MESH_RULE_UNIT"
  service_is_current meshstrap-mesh-rule.service "$ROOT/etc/systemd/system/meshstrap-mesh-rule.service"
}

mesh_guards_deny_is_current() {
  file_is "$TAILSCALED_DROP_IN_FILE" "$TAILSCALED_DROP_IN"
  service_is_current tailscaled "$TAILSCALED_DROP_IN_FILE"
}

apply_mesh_guards() {
  # A restart of tailscaled cuts this node off for seconds: a lost rule alone must not cause one.
  ask mesh_guards_deny_is_current
  local deny=$ANSWER
  write_file "$ROOT/etc/systemd/system/meshstrap-mesh-rule.service" "$MESH_RULE_UNIT"
  write_tailscaled_drop_in
  restart_service meshstrap-mesh-rule.service
  ((deny != 1)) || restart_service tailscaled
}
