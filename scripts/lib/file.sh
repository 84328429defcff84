# shellcheck shell=bash
# Files: written whole or not at all, and only when they differ. A text's last line is ended in the file.

# As a library predicate it keeps `|| return 1`: callers use it as the last word of a check.
file_is() { # <path> <text> [mode]
  [[ -f $1 && ! -L $1 ]] || return 1
  local mode
  mode=$(stat -c %a "$1") || return 1
  [[ $mode == "${3:-644}" ]] || return 1
  printf '%s\n' "$2" | cmp -s - "$1"
}

# The temporary name is fixed, so that a run that was killed leaves one file at most, and the next one takes it.
write_file() { # <path> <text> [mode]
  local path=$1 new why
  new=${path%/*}/.${path##*/}.new
  # The content must be on the disk before the name is: a power cut would leave an empty file.
  why=$({
    mkdir -p "${path%/*}" && rm -f "$new" && (umask 077 && printf '%s\n' "$2" >"$new") &&
      chmod "${3:-644}" "$new" && sync "$new"
  } 2>&1) ||
    fail "cannot write $path: ${why##*: }" "findmnt --target ${path%/*}"
  # shellcheck disable=SC2310 # file_is maps each of its failures to 1 itself
  if file_is "$@"; then
    rm -f "$new"
  else
    mv -f "$new" "$path"
  fi
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
  write_file "$1" "$text" "$mode"
}

# A document of the plan, with the tailnet address in the place that was left for it.
fill_tailnet_address() { # <document> <address>
  printf '%s\n' "${1//__TAILNET_ADDRESS__/$2}"
}
