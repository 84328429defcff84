# shellcheck shell=bash
# shellcheck disable=SC2034 # steps/package_sources.sh reads the paths
# Packages of Oracle Linux. package_apt.sh has the same functions for Debian and Ubuntu; a script holds one of the two.

: "${ROOT?}"

readonly TRUSTED_CA_FILE=$ROOT/etc/pki/ca-trust/source/anchors/meshstrap.crt
readonly TRUST_UPDATE=(update-ca-trust extract)
readonly KEY_FOLDER=$ROOT/etc/pki/rpm-gpg
readonly REPOSITORY_PREFIX=$ROOT/etc/yum.repos.d/meshstrap-
readonly REPOSITORY_SUFFIX=.repo
# By path, since curl may be there as curl-minimal, which would conflict with a package asked for by name.
readonly DOWNLOAD_PACKAGES=(ca-certificates /usr/bin/curl /usr/bin/gpg)

# In one transaction, at exactly these versions (dnf goes down to an older one, too). dnf waits for its lock for ever.
install_packages() { # <name or name-version>...
  retry 2 30 timeout 1800 dnf --assumeyes --quiet --disableexcludes=all --setopt=install_weak_deps=False install "$@"
}

# Held back from upgrades by `excludepkgs` in our repository files, which only install_packages overrides.
hold_packages() { # <name>...
  :
}

package_is_installed() { # <name or name-version, with wildcards>
  local found
  found=$(rpm --query --all "$1")
  [[ -n $found ]] || {
    printf '%s: not installed\n' "$1" >&2
    return 1
  }
}

package_is_held() { # <name>
  :
}
