# shellcheck shell=bash
# shellcheck disable=SC2034 # steps/trusted_ca reads both
# Where Oracle Linux keeps CAs of its owner. trust_apt.sh says it for Debian and Ubuntu.

: "${ROOT?}"

readonly TRUSTED_CA_FILE=$ROOT/etc/pki/ca-trust/source/anchors/meshstrap.crt
readonly TRUST_UPDATE=(update-ca-trust extract)
