# shellcheck shell=bash
# shellcheck disable=SC2034 # steps/package_sources reads the paths
# Packages of Debian and Ubuntu. package_dnf.sh has the same functions for Oracle Linux; a script holds one of the two.

: "${ROOT?}" "${ANSWER:?}" "${LAST_ERROR?}" "${NODE_OS:?}"

readonly KEY_FOLDER=$ROOT/etc/apt/keyrings
readonly REPOSITORY_PREFIX=$ROOT/etc/apt/sources.list.d/meshstrap-
readonly REPOSITORY_SUFFIX=.sources
readonly DOWNLOAD_PACKAGES=(ca-certificates curl gpg)
# Nobody is there to answer, and needrestart must not restart services behind the steps' back: l only lists them.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l

# cloud-init and unattended-upgrades may hold the lock for minutes after the first boot. Nothing is removed to make room:
# whoever put a conflicting package there decides. On a terminal of its own, dpkg's errors would not come on stderr.
package_apt_get() { # <attempts> <argument>...
  local -x NEXT='journalctl -u meshstrap -n 50; disk: df -h; repository: sources.repositories in cluster.yaml'
  retry "$1" 5 apt-get --quiet --yes --no-remove --no-install-recommends --option DPkg::Lock::Timeout=600 \
    --option Acquire::Retries=3 --option Dpkg::Options::=--force-confold --option Dpkg::Use-Pty=0 "${@:2}"
}

# apt waits for dpkg's lock as well, but without a word in the status. Where lslocks does not answer, it waits alone.
package_lock_is_free() {
  local holder
  holder=$(lslocks --noheadings --raw --output PATH,COMMAND,PID |
    grep -E '^/var/.*(dpkg|lists|archives)/lock') || return 0
  no "held: $holder"
}

# In one transaction, at exactly these versions, up or down. Retried are only the lists: their lock has no timeout in
# apt 2.4. Without Error-Mode a list that could not be fetched or verified is a warning only.
install_packages() { # <name or name=version>...
  local broken name
  await 600 'package lock' 'an upgrade that holds it ends by itself; else: lslocks' package_lock_is_free
  # What a power cut left behind is carried on with, never thrown away. apt refuses to work until dpkg has read its
  # journal again; what dpkg cannot configure for want of a dependency, --fix-broken gets. apt 3 does that alone only.
  ask dpkg --configure -a --force-confold
  ((ANSWER == 0)) || log retry "dpkg --configure -a: $LAST_ERROR"
  # apt syncs no list. A power cut leaves empty ones, which apt takes for current until the repository changes.
  ask find "$ROOT/var/lib/apt/lists" -maxdepth 1 -type f -empty ! -name lock -delete
  package_apt_get 2 --option APT::Update::Error-Mode=any update
  ask sync --file-system "$ROOT/var/lib/apt/lists"
  package_apt_get 1 --fix-broken install
  # What was being unpacked then is half-installed, and apt takes it for installed: only --reinstall mends it.
  broken=$(dpkg-query --show --showformat='${db:Status-Eflag} ${Package}\n')
  broken=$(sed -n 's/^reinstreq //p' <<<"$broken")
  for name in $broken; do
    [[ " $* " == *" $name"[=\ ]* ]] || set -- "$@" "$name"
  done
  package_apt_get 1 --allow-downgrades --allow-change-held-packages ${broken:+--reinstall} install "$@"
}

# apt refuses to work at all when two sources of one place name different keys. It reads these two kinds of files alone,
# so what a write of ours left behind that a power cut ended is none.
package_foreign_source() { # <our source>
  local url
  url=$(sed -nE 's,^URIs: (.*[^/])/*$,\1,p' <<<"$1")
  grep -rslE --include=*.{list,sources} --exclude='meshstrap-*' "^[^#]*$url(/?[] ]|/?$)" "$ROOT"/etc/apt/sources.list{,.d} || true
}

# Debian's kernels have them inside.
package_of_modules() { # <release of the kernel that runs>
  case $NODE_OS in
    debian-*) printf 'linux-image-%s' "$1" ;;
    *) printf 'linux-modules-extra-%s' "$1" ;;
  esac
}

# apt reads the files alone.
package_forget_keys() { # <fingerprint>...
  :
}

hold_packages() { # <name>...
  retry 5 5 apt-mark hold "$@"
}

# As the plan would name it, or nothing.
package_version() { # <name>
  # shellcheck disable=SC2016 # dpkg's own variables
  dpkg-query --show --showformat='${Package}=${Version}\n' "$1" || (($? == 1)) || exit 3
}

package_is_installed() { # <name or name=version, as apt-get takes it>
  local found
  # dpkg-query: 1 is "no such package", anything else an answer that did not come.
  # shellcheck disable=SC2016 # dpkg's own variables
  found=$(dpkg-query --show --showformat='${db:Status-Status} ${Version}' "${1%%=*}") || return
  [[ $1 == *=* ]] || set -- "$1=*"
  # shellcheck disable=SC2053 # the version is a pattern
  [[ $found == "installed "${1#*=} ]] || no "$1: $found"
}

package_is_held() { # <name>
  local found
  # shellcheck disable=SC2016 # dpkg's own variable
  found=$(dpkg-query --show --showformat='${db:Status-Want}' "$1")
  [[ $found == hold ]] || no "$1: not held"
}
