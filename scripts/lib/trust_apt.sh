# shellcheck shell=bash
# shellcheck disable=SC2034 # steps/trusted_ca reads both
# Where Debian and Ubuntu keep CAs of their owner. trust_dnf.sh says it for Oracle Linux.

: "${ROOT?}"

readonly TRUSTED_CA_FILE=$ROOT/usr/local/share/ca-certificates/meshstrap.crt
readonly TRUST_UPDATE=(update-ca-certificates)
