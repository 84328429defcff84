# shellcheck shell=bash
# The machine is one that the plan was made for. Nothing is changed: apply says all that is wrong at once, and waits
# for the clock, which a machine synchronises a while after its first boot.

: "${ROOT?}" "${NODE_OS:?}" "${NODE_ARCH:?}" "${MINIMUM_CPUS:?}" "${MINIMUM_MEMORY_MIB:?}" "${MINIMUM_DISK_GIB:?}"
: "${WAIVED_MACHINE_CHECKS[*]-}" # may be empty

check_machine_supported() {
  local problems
  problems=$(machine_problems)
  [[ -z $problems ]] || {
    printf '%s\n' "${problems#; }" >&2
    return 1
  }
}

apply_machine_supported() {
  local problems
  problems=$(machine_problems)
  # The clock is asked last: a text that begins with it has nothing else.
  [[ -z $problems || $problems == '; clock:'* ]] ||
    fail "${problems#; }" 'correct the machine or cluster.yaml, or waive by name in waive_machine'
  await 180 'synchronised clock' 'timedatectl; chronyc sources' check_machine_supported
}

# Linux 7.2 breaks the agents of Cilium 1.19 and 1.20.0: https://github.com/cilium/cilium/issues/48016 (2026-11).
facts_machine_supported() {
  [[ $(uname -r) != 7.2.* ]] || log warn 'Linux 7.2 breaks Cilium 1.19 and 1.20.0: cilium#48016'
}

# The name is also the word that waives it.
machine_problem() { # <name> <what is wrong>
  [[ " ${WAIVED_MACHINE_CHECKS[*]} " == *" $1 "* ]] || printf '; %s: %s' "$1" "$2"
}

# One line.
machine_problems() {
  local os arch release major minor cpus memory disk
  os=$(awk -F= '{ gsub(/["\047]/, ""); is[$1] = $2 } END { print is["ID"] "-" is["VERSION_ID"] }' "$ROOT/etc/os-release")
  # Oracle Linux calls itself ol and counts minor releases: 9.6.
  if [[ $os =~ ^ol-([0-9]+) ]]; then
    os=oracle-${BASH_REMATCH[1]}
  fi
  [[ $os == "$NODE_OS" ]] || machine_problem os "$os, not $NODE_OS"

  read -r release arch <<<"$(uname -rm)"
  arch=${arch/aarch64/arm64}
  arch=${arch/x86_64/amd64}
  [[ $arch == "$NODE_ARCH" ]] || machine_problem arch "$arch, not $NODE_ARCH"

  # Cilium asks for it: https://docs.cilium.io/en/stable/operations/system_requirements/
  IFS=.-+ read -r major minor _ <<<"$release"
  ((major * 1000 + minor >= 5010)) || machine_problem kernel "Linux $release is older than 5.10"

  # kubelet refuses version 1 since Kubernetes 1.35: https://kep.k8s.io/5573
  [[ $(stat -f -c %T "$ROOT/sys/fs/cgroup") == cgroup2fs ]] || machine_problem cgroup '/sys/fs/cgroup is not version 2'

  cpus=$(nproc)
  ((cpus >= MINIMUM_CPUS)) || machine_problem cpus "$cpus, not $MINIMUM_CPUS"

  memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' "$ROOT/proc/meminfo")
  ((memory >= MINIMUM_MEMORY_MIB)) || machine_problem memory "$memory MiB, not $MINIMUM_MEMORY_MIB"

  # The size, not what is free: a node that converged must not be refused later for being in use. What is free is then
  # watched by kubelet's eviction.
  disk=$(df --block-size=1M --output=size "$ROOT/" | tail -n 1)
  ((disk >= MINIMUM_DISK_GIB * 1024)) || machine_problem disk "/ has $((disk / 1024)) GiB, not $MINIMUM_DISK_GIB"

  # Last: see apply.
  [[ $(timedatectl show --property=NTPSynchronized --value) == yes ]] || machine_problem clock 'not synchronised'
}
