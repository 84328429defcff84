# shellcheck shell=bash
# shellcheck disable=SC2034 # steps/package_sources reads the paths
# Packages of Oracle Linux. package_apt.sh has the same functions for Debian and Ubuntu; a script holds one of the two.

: "${ROOT?}"

readonly KEY_FOLDER=$ROOT/etc/pki/rpm-gpg
readonly REPOSITORY_PREFIX=$ROOT/etc/yum.repos.d/meshstrap-
readonly REPOSITORY_SUFFIX=.repo
# By path, since curl may be there as curl-minimal, which would conflict with a package asked for by name.
readonly DOWNLOAD_PACKAGES=(ca-certificates /usr/bin/curl /usr/bin/gpg)

# In one transaction, at exactly these versions, up or down. A lock ends it instead of holding it for ever: the unit
# tries again.
install_packages() { # <name or name-version>...
  local -x NEXT='journalctl -u meshstrap -n 50; disk: df -h; repository: sources.repositories in cluster.yaml'
  # Somebody else's repository that does not answer is skipped; ours says that it is not to be.
  retry 3 10 dnf --assumeyes --quiet --disableexcludes=all --setopt=install_weak_deps=False --setopt=skip_if_unavailable=1 \
    --setopt=exit_on_lock=True install "$@"
}

# dnf takes two sources of one place.
package_foreign_source() { # <our source>
  :
}

# UEK is Oracle's own kernel (linux-uek, uek-rpm/ol10/kernel-uek.spec), the other one Red Hat's.
package_of_modules() { # <release of the kernel that runs>
  case $1 in
    *uek*) printf 'kernel-uek-modules-extra-netfilter-%s' "$1" ;;
    *) printf 'kernel-modules-extra-%s' "$1" ;;
  esac
}

# rpm keeps keys of its own, and takes none that it has already, not even with a later end. dnf hands it ours again.
package_forget_keys() { # <fingerprint>...
  local key
  for key in "${@,,}"; do
    ask rpm --erase --allmatches "gpg-pubkey-${key: -8}"
  done
}

# Held back from upgrades by `excludepkgs` in our repository files, which only install_packages overrides.
hold_packages() { # <name>...
  :
}

# As the plan would name it, or something else when it is not installed.
package_version() { # <name>
  rpm --query --queryformat '%{NAME}-%{VERSION}-%{RELEASE}\n' "$1" || true
}

# `rpm --query --all PATTERN` compares names only, so the whole list is asked for, once a check: a check is a subshell,
# and forgets it at its end.
RPM_LIST=
package_is_installed() { # <name or name-version, with wildcards>
  [[ -n $RPM_LIST ]] || RPM_LIST=$(rpm --query --all --queryformat '\n%{NAME}\n%{NAME}-%{VERSION}-%{RELEASE}\n')
  # shellcheck disable=SC2053 # the version is a pattern
  [[ $RPM_LIST$'\n' == *$'\n'$1$'\n'* ]] || no "$1: not installed"
}

package_is_held() { # <name>
  :
}
