# shellcheck shell=bash
# The firewall of Oracle's Ubuntu images: rules in a file that netfilter-persistent loads at boot, with a REJECT at the
# end of INPUT and of FORWARD. Our rules go before it; nothing is removed. Without the file they go into the kernel alone,
# and only where something is refused.

: "${ROOT?}" "${FIREWALL_RULES:?}"

# shellcheck disable=SC2034 # steps/host_firewall reads it: whose tables of nftables are edited here, no one's
readonly FIREWALL_OWN='^$'
readonly FIREWALL_FILE=$ROOT/etc/iptables/rules.v4

firewall_is_open() {
  local text
  text=$(firewall_ufw)
  [[ -z $text ]]
  text=$(firewall_missing)
  [[ -z $text ]]
  [[ -f $FIREWALL_FILE ]] || return 0
  is_edited "$FIREWALL_FILE" firewall_edit file
}

open_firewall() {
  local text
  local -a words
  text=$(firewall_ufw)
  [[ -z $text ]] || fail "ufw is enabled: it would shut out the mesh" 'ufw disable'
  [[ ! -f $FIREWALL_FILE ]] || edit_file "$FIREWALL_FILE" firewall_edit file
  text=$(firewall_missing)
  while read -r -a words; do
    ((${#words[@]} == 0)) || retry 1 0 iptables --wait 30 --insert "${words[@]}"
  done <<<"$text"
}

# Oracle advises against ufw on its images: https://docs.oracle.com/en-us/iaas/Content/Compute/known-issues.htm
firewall_ufw() {
  grep -s ^ENABLED=yes "$ROOT/etc/ufw/ufw.conf" || true
}

firewall_missing() {
  local text
  hash iptables 2>/dev/null || return 0
  text=$(iptables --wait 30 --list-rules) || cannot_tell 'iptables does not answer'
  firewall_edit live <<<"*filter"$'\n'"$text"$'\nCOMMIT'
}

# Put each rule that is missing before the first rule of its chain that might refuse, which is all that neither accepts nor
# jumps to those whose daemons put themselves first again and again; in a file else at the chain's end, in the kernel only
# where the policy is DROP. `file` prints the whole new text; `live` prints only the rules to insert, as arguments of
# iptables --insert. Rules are compared as text, so FIREWALL_RULES are written as iptables-save prints them.
firewall_edit() { # <file or live> [path of rules in the format of iptables-save; else they come on stdin]
  awk -v form="$1" -v rules="${FIREWALL_RULES//$'\n'/;}" '
    BEGIN { n = split(rules, rule, ";") }
    /^\*/ { filter = /^\*filter/ }
    filter {
      line = $0
      gsub(/^\[[0-9:]+\] |[ \t\r]+$/, "", line)
      if (line ~ /^(:|-P )[A-Z]+ DROP/) drop = drop line
      for (i = 1; i <= n; i++) {
        split(rule[i], word, " ")
        if (!done[i] && (line == "COMMIT" && (form == "file" || drop ~ word[1]) || line ~ "^-A " word[1] " " &&
          line !~ / -j (ACCEPT|(ts|f2b|KUBE|DOCKER)-[^ ]*|(OLD_)?CILIUM_[^ ]*)$/)) {
          done[i] = 1
          if (!(("-A " rule[i]) in seen)) {
            at[word[1]]++
            if (form == "live") sub(/ /, " " at[word[1]] " ", rule[i])
            else printf "-A "
            print rule[i]
          }
        }
      }
      seen[line]
      if (line ~ /^-A /) { split(line, word, " "); at[word[2]]++ }
    }
    form == "file"' "${@:2}"
}
