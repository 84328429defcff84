# shellcheck shell=bash
# The firewall of Oracle's Ubuntu images: rules in a file that netfilter-persistent loads at boot, with a REJECT at the
# end of INPUT and of FORWARD. Our rules go before it; nothing is removed. A machine without the file has no firewall
# of its own.

: "${ROOT?}" "${FIREWALL_RULES:?}"

readonly FIREWALL_FILE=$ROOT/etc/iptables/rules.v4 FIREWALL_UFW=$ROOT/etc/ufw/ufw.conf

firewall_is_open() {
  local live
  live=$(firewall_ufw)
  [[ -z $live ]]
  [[ -f $FIREWALL_FILE ]] || return 0
  live=$(iptables --wait 30 --list-rules) || cannot_tell 'iptables does not answer'
  live=$(firewall_edit live <<<"*filter"$'\n'"$live"$'\nCOMMIT')
  [[ -z $live ]]
  [[ $(<"$FIREWALL_FILE") == "$(firewall_edit file <"$FIREWALL_FILE")" ]]
}

open_firewall() {
  local text
  local -a words
  text=$(firewall_ufw)
  [[ -z $text ]] || fail "ufw is enabled ($text), and would shut out the mesh and the pods" 'ufw disable'
  text=$(firewall_edit file <"$FIREWALL_FILE")
  edit_file "$FIREWALL_FILE" "$text"
  text=$(iptables --wait 30 --list-rules)
  text=$(firewall_edit live <<<"*filter"$'\n'"$text"$'\nCOMMIT')
  while read -r -a words; do
    ((${#words[@]} == 0)) || retry 1 0 iptables --wait 30 --insert "${words[@]}"
  done <<<"$text"
}

# Oracle advises against ufw on its images: https://docs.oracle.com/en-us/iaas/Content/Compute/known-issues.htm
firewall_ufw() {
  [[ ! -f $FIREWALL_UFW ]] || sed -n '/^ENABLED=yes/p' "$FIREWALL_UFW"
}

# Put each rule that is missing before the first rule that refuses everything in its chain, or at the chain's end.
# `file` prints the whole new text; `live` prints only the rules to insert, as arguments of iptables --insert. Rules
# are compared as text, so FIREWALL_RULES are written as iptables-save prints them.
firewall_edit() { # <file or live>; rules in the format of iptables-save on stdin
  RULES=$FIREWALL_RULES awk -v form="$1" '
    BEGIN { n = split(ENVIRON["RULES"], rule, "\n") }
    /^\*/ { filter = /^\*filter/ }
    filter {
      line = $0
      gsub(/^\[[0-9:]+\] |[ \t\r]+$/, "", line)
      for (i = 1; i <= n; i++) {
        split(rule[i], word, " ")
        if (!done[i] && (line == "COMMIT" || line ~ "^-A " word[1] " -j (REJECT|DROP)")) {
          done[i] = 1
          if (!(("-A " rule[i]) in seen)) {
            at[word[1]]++
            if (form == "file") print "-A " rule[i]
            else print word[1], at[word[1]] substr(rule[i], length(word[1]) + 1)
          }
        }
      }
      seen[line]
      if (line ~ /^-A /) { split(line, word, " "); at[word[2]]++ }
    }
    form == "file"'
}
