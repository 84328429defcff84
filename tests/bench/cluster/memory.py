"""What each program of a node holds in memory: proportional set sizes, which may be added up."""

from __future__ import annotations

from tests.lab.machine import Machine

# A program's threads name themselves; the rest of a machine is its system.
PROGRAMS = (
    "kube-apiserver",
    "etcd",
    "kube-controller",
    "kube-scheduler",
    "kubelet",
    "containerd",
    "containerd-shim",
    "tailscaled",
    "cilium-agent",
    "cilium-operator",
    "coredns",
)

# The kernel gives a command 15 letters: proc_pid_comm(5).
_NAME_LETTERS = 15

_ASK = r"""
for folder in /proc/[0-9]*; do
  size=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "$folder/smaps_rollup" 2>/dev/null)
  [ -z "$size" ] || echo "$size $(cat "$folder/comm")"
done
"""


def memory_by_program(machine: Machine) -> dict[str, float]:
    """MiB by program, in the order above; ``system`` is everything else that runs there."""
    found = dict.fromkeys((*PROGRAMS, "system"), 0.0)
    for line in machine.bash(_ASK).check().out.splitlines():
        size, _, comm = line.partition(" ")
        names = [name for name in PROGRAMS if comm.startswith(name[:_NAME_LETTERS])]
        found[max(names, key=len, default="system")] += int(size) / 1024
    return {name: size for name, size in found.items() if size}
