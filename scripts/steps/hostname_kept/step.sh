# shellcheck shell=bash
# Oracle Linux writes the console's name into hostname and /etc/hosts at each DHCP lease, unless this says 2.
# https://docs.oracle.com/en-us/iaas/Content/Network/Tasks/managingDHCP.htm#notes

: "${ROOT?}"

readonly HOSTNAME_KEPT_FILE=$ROOT/etc/oci-hostname.conf

check_hostname_kept() {
  [[ ! -f $HOSTNAME_KEPT_FILE ]] || is_edited "$HOSTNAME_KEPT_FILE" hostname_kept_config
}

apply_hostname_kept() {
  edit_file "$HOSTNAME_KEPT_FILE" hostname_kept_config
}

hostname_kept_config() { # <path>
  sed 's/^PRESERVE_HOSTINFO=.*/PRESERVE_HOSTINFO=2/' "$1"
}
