# shellcheck shell=bash
# The machine is one that the plan was made for. Nothing is changed: apply says all that is wrong at once, and waits
# for the clock, which a machine synchronises a while after its first boot.

: "${ROOT?}" "${NODE_OS:?}" "${NODE_ARCH:?}" "${MINIMUM_CPUS:?}" "${MINIMUM_MEMORY_MIB:?}" "${MINIMUM_DISK_GIB:?}"
: "${WAIVED_MACHINE_CHECKS[*]-}" # may be empty

check_machine_supported() {
  local problems
  problems=$(machine_problems)
  [[ -z $problems ]] || no "${problems#; }"
}

apply_machine_supported() {
  local problems
  problems=$(machine_problems)
  # The clock is asked last: a text that begins with it has nothing else.
  [[ -z $problems || $problems == '; clock:'* ]] ||
    fail "${problems#; }" 'correct the machine or cluster.yaml, or waive by name in waive_machine'
  await 180 'synchronised clock' 'timedatectl; chronyc sources' check_machine_supported
}

# The name is also the word that waives it.
machine_problem() { # <name> <what is wrong>
  [[ " ${WAIVED_MACHINE_CHECKS[*]} " == *" $1 "* ]] || printf '; %s: %s' "$1" "$2"
}

# Oracle Linux counts minor releases, which no plan does: 9.6 is 9.
machine_is() { # <name> <found> <planned>
  [[ $2 == "$3"?(.*) ]] || machine_problem "$1" "$2, not $3"
}

machine_has() { # <name> <found> <at least> [unit]
  (($2 >= $3)) || machine_problem "$1" "$2${4:+ $4}, not $3"
}

# One line.
machine_problems() {
  local arch release found
  # shellcheck disable=SC1091 # made to be sourced: os-release(5)
  found=$(. "$ROOT/etc/os-release" && echo "${ID-}-${VERSION_ID-}") || exit 2
  machine_is os "${found/#ol-/oracle-}" "$NODE_OS"

  read -r release arch <<<"$(uname -rm)"
  arch=${arch/aarch64/arm64}
  arch=${arch/x86_64/amd64}
  machine_is arch "$arch" "$NODE_ARCH"

  # Cilium asks for it: https://docs.cilium.io/en/stable/operations/system_requirements/
  sort -CV <<<$'5.10\n'"$release" || machine_problem kernel "$release, not 5.10"

  # kubelet refuses version 1 since Kubernetes 1.35: https://kep.k8s.io/5573
  machine_is cgroup "$(stat -f -c %T "$ROOT/sys/fs/cgroup")" cgroup2fs

  found=$(nproc)
  machine_has cpus "$found" "$MINIMUM_CPUS"

  found=$(sed -n '/^MemTotal/s/[^0-9]//gp' "$ROOT/proc/meminfo")
  machine_has memory $((found / 1024)) "$MINIMUM_MEMORY_MIB" MiB

  # The size, not what is free: a node that converged must not be refused later for being in use. What is free is then
  # watched by kubelet's eviction.
  found=$(df --block-size=1M --output=size "$ROOT/" | tail -n 1)
  machine_has disk $((found / 1024)) "$MINIMUM_DISK_GIB" GiB

  # Last: see apply.
  found=$(timedatectl show --property=NTPSynchronized --value) || found='timedatectl does not answer'
  [[ $found == yes ]] || machine_problem clock "${found/#no/not synchronised}"
}
