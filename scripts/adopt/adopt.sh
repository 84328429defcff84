# shellcheck shell=bash
# A machine that runs already becomes a node: it is asked whether it can, and then gets the files that cloud-init would have
# written at its first boot, and the same unit. Nothing is undone and nothing of its owner's is taken away; what changes for
# them is said.

: "${ROOT?}" "${REFUSALS[*]-}" "${ADOPT_KNOWN:?}" "${ADOPT_SCRIPT:?}" "${NODE_NAME:?}" "${NODE_ROLE:?}" "${CLUSTER_NAME:?}"
: "${PACKAGES[*]:?}" "${PLAN_HASH:?}" "${CHECK_ONLY:?}" "${RECORDING:?}"
# Set in front of this, with what is handed over; empty while a machine is only asked.
: "${HANDED_PATHS[*]-}" "${HANDED_MODES[*]-}" "${HANDED_TEXTS[*]-}"

# What the task ends with, too (docs/commands.md).
readonly ADOPT_REFUSED=19
# Only there when the code is not fetched.
readonly ADOPT_UNPACK=$ROOT/opt/meshstrap/unpack.py

adopt() { # [--check: change nothing | --told: what changes has been said]
  local uid
  # No word of this is the node's own status.
  CHECK_ONLY=true RECORDING=false
  umask 022
  case ${1-} in
    '' | --check | --told) ;;
    *)
      printf '%s: there is --check, which changes nothing; without it this machine becomes %s\n' "$1" "$NODE_NAME" >&2
      exit 64
      ;;
  esac
  uid=$(id -u)
  if ((uid != 0)); then
    printf 'only root can do this: sudo bash FILE\n' >&2
    exit 77
  fi
  make_work_folder
  adopt_ask_all
  adopt_end_refused
  [[ ${1-} == --told ]] || adopt_tell
  [[ ${1-} == --check ]] || adopt_hand_over
}

adopt_end_refused() {
  local i
  ((${#REFUSALS[@]} > 0)) || return 0
  printf 'this machine cannot be %s (%s of %s) as it is; nothing was changed:\n' "$NODE_NAME" "$NODE_ROLE" "$CLUSTER_NAME"
  for ((i = 0; i < ${#REFUSALS[@]}; i += 2)); do
    printf -- '- %s\n    what to do: %s\n' "${REFUSALS[i]}" "${REFUSALS[i + 1]}"
  done
  exit "$ADOPT_REFUSED"
}

# What its owner would notice.
adopt_tell() {
  local found package name
  if [[ $ADOPT_KNOWN == true ]]; then
    found=$(adopt_has_script)
    printf 'this machine is %s of %s already' "$NODE_NAME" "$CLUSTER_NAME"
    [[ $found == same ]] || printf '; its script is of another plan, and is replaced'
    printf '\n'
    return 0
  fi
  printf 'this machine can be %s (%s of %s). What changes for what runs here:\n' "$NODE_NAME" "$NODE_ROLE" "$CLUSTER_NAME"
  found=$(<"$ROOT/proc/sys/kernel/hostname")
  [[ $found == "$NODE_NAME" ]] || printf -- '- its name: %s becomes %s\n' "$found" "$NODE_NAME"
  found=$(awk 'NR > 1 { printf " %s", $1 }' "$ROOT/proc/swaps")
  [[ -z $found ]] || printf -- '- swap goes off, now and at boot:%s\n' "$found"
  for package in "${PACKAGES[@]}"; do
    name=${package%%[-=][0-9]*}
    [[ $name != "$package" ]] || continue
    found=$(package_version "$name" 2>/dev/null)
    # shellcheck disable=SC2053 # the version is a pattern
    [[ $found != "$name"[-=]* || $found == $package ]] || printf -- '- a package: %s becomes %s\n' "$found" "$package"
  done
  printf -- '- users, keys, other packages and services stay, and so do the rules of its firewall: the node'"'"'s come before them\n'
}

# Of a node that is there already the script is replaced when the plan is another one. Its secrets are of use until it has
# joined, and never afterwards.
adopt_hand_over() {
  local i script secrets=new written=0
  script=$(adopt_has_script)
  [[ ! -e $ROOT/etc/kubernetes/kubelet.conf ]] || secrets=spent
  for i in "${!HANDED_PATHS[@]}"; do
    case ${HANDED_MODES[i]}-$script-$secrets in
      600-*-spent | 644-same-*) ;;
      *) adopt_write "$ROOT${HANDED_PATHS[i]}" "${HANDED_TEXTS[i]%$'\n'}" "${HANDED_MODES[i]}" ;;
    esac
  done
  if ((written == 0)) && [[ $script == same ]]; then
    printf '%s: it has this plan; nothing was changed\n' "$NODE_NAME"
    return 0
  fi
  # A power cut right now would leave what was written empty.
  sync
  # As cloud-init does. What was packed is gone afterwards; it comes again with another plan.
  if [[ -e $ADOPT_UNPACK ]]; then
    retry 1 0 python3 "$ADOPT_UNPACK"
  fi
  retry 1 0 systemctl daemon-reload
  retry 1 0 systemctl enable --quiet meshstrap
  retry 1 0 systemctl restart --no-block meshstrap
  printf '%s: handed over; its steps run now, and at every boot\n' "$NODE_NAME"
  printf 'here: sudo bash /opt/meshstrap/bootstrap.sh --status, and journalctl -fu meshstrap\n'
  [[ ${BASH_SOURCE[0]} != "$0" ]] || printf 'remove this file, which holds the secrets of %s: rm %s\n' "$NODE_NAME" "$0"
}

# `same`, or `other`: a script of this plan, and the unit that runs it.
adopt_has_script() {
  local state found=''
  [[ ! -f $ADOPT_SCRIPT ]] || found=$(sed -n 's/^readonly PLAN_HASH=//p' "$ADOPT_SCRIPT")
  state=$(service_state meshstrap)
  if [[ $found == "$PLAN_HASH" && $state == *=enabled* ]]; then
    printf same
  else
    printf other
  fi
}

# What is said to cloud-init is of no use where there is none.
adopt_write() { # <path> <text> <mode>
  [[ $1 != "$ROOT"/etc/cloud/* || -d ${1%/*} ]] || return 0
  # shellcheck disable=SC2310 # file_is maps each of its failures to 1 itself
  ! file_is "$@" || return 0
  write_file "$@"
  written=$((written + 1))
}
