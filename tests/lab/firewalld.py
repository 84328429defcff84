"""What Oracle's images hand to firewalld."""

from __future__ import annotations

DIRECT = "/etc/firewalld/direct.xml"

# As Oracle's images have it: rules that firewalld hands to iptables as they are.
_RULE = '  <rule ipv="ipv4" table="filter" chain="{}" priority="{}">-d {}</rule>\n'
DIRECT_XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<direct>\n'
    '  <chain ipv="ipv4" table="filter" chain="BareMetalInstanceServices"/>\n'
    + _RULE.format("OUTPUT", 0, "169.254.0.0/16 -j BareMetalInstanceServices")
    + "".join(
        _RULE.format("BareMetalInstanceServices", priority, rule)
        for priority, rule in enumerate(
            (
                "169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -j ACCEPT",
                "169.254.169.254/32 -p tcp -m tcp --dport 80 -j ACCEPT",
                "169.254.0.0/16 -p tcp -m tcp -j REJECT --reject-with tcp-reset",
            )
        )
    )
    + "</direct>\n"
)
