# shellcheck shell=bash
# Files: written whole or not at all, and only when they differ. Content comes on stdin.

# As a library predicate it keeps `|| return 1`: callers use it as the last word of a check.
file_is() { # <path> <mode>
  [[ -f $1 && ! -L $1 ]] || return 1
  [[ $(stat -c %a "$1") == "$2" ]] || return 1
  cmp -s - "$1"
}

# The temporary name is fixed, so that a run that was killed leaves one file at most, and the next one takes it.
write_file() { # <path> <mode>
  local path=$1 mode=$2 new
  new=${path%/*}/.${path##*/}.new
  mkdir -p "${path%/*}"
  rm -f "$new"
  (umask 077 && cat >"$new")
  chmod "$mode" "$new"
  # shellcheck disable=SC2310 # file_is maps each of its failures to 1 itself
  if file_is "$path" "$mode" <"$new"; then
    rm -f "$new"
    return 0
  fi
  # The content must be on the disk before the name is: a power cut would leave an empty file.
  sync "$new"
  mv -f "$new" "$path"
}

# A file of somebody else, of which some lines are ours: a command prints its text as it should be, from the path that
# it is given as its last argument. All other lines stay, and so does the mode.
is_edited() { # <path> <command> [argument...]
  local text
  text=$("${@:2}" "$1")
  [[ $(<"$1") == "$text" ]]
}

edit_file() { # <path> <command> [argument...]
  local text mode
  text=$("${@:2}" "$1")
  mode=$(stat -c %a "$1")
  printf '%s\n' "$text" | write_file "$1" "$mode"
}

# A document of the plan, with the tailnet address in the place that was left for it.
fill_tailnet_address() { # <document> <address>
  printf '%s\n' "${1//__TAILNET_ADDRESS__/$2}"
}
