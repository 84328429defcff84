"""What Oracle's images hand to firewalld."""

from __future__ import annotations

DIRECT = "/etc/firewalld/direct.xml"

_SEE = "See the Oracle-Provided Images section in the Oracle Cloud Infrastructure documentation"
DIRECT_XML = f"""\
<?xml version="1.0" encoding="utf-8"?>
<!-- the image's own: attributes in any order, comments with and without &quot;, rules and what is passed through -->
<direct>
  <chain ipv="ipv4" table="filter" chain="BareMetalInstanceServices"/>
  <rule priority="1" table="filter" ipv="ipv4" chain="BareMetalInstanceServices">-d 169.254.169.254/32 -p udp \
--dport 123 -m comment --comment &quot;Allow access to OCI local NTP service&quot; -j ACCEPT</rule>
  <rule priority="1" table="filter" ipv="ipv4" chain="BareMetalInstanceServices">-d 169.254.169.254/32 -p udp \
--dport 53 -m comment --comment &quot;Allow access to OCI local DNS service&quot; -j ACCEPT</rule>
  <rule ipv="ipv4" table="filter" chain="BareMetalInstanceServices" priority="0">-p tcp -d 169.254.0.2/32 \
-m owner --uid-owner 0 --dport 3260 -m comment --comment "{_SEE}" -j ACCEPT</rule>
  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="0">-d 169.254.0.0/16 -j BareMetalInstanceServices</rule>
  <passthrough ipv="ipv4">-A BareMetalInstanceServices -p tcp -d 169.254.169.254 --dport 80 \
-m comment --comment &quot;{_SEE}&quot; -j ACCEPT</passthrough>
  <passthrough ipv="ipv4">-A BareMetalInstanceServices -d 169.254.0.0/16 -p tcp -j REJECT \
--reject-with tcp-reset</passthrough>
  <passthrough ipv="ipv4">-A BareMetalInstanceServices -d 169.254.0.0/16 -p udp -j REJECT</passthrough>
  <passthrough ipv="ipv4">-I BareMetalInstanceServices 3 -d 169.254.169.254/32 -p tcp --dport 443 \
-j ACCEPT</passthrough>
</direct>
"""
SAVED = f"""\
-A OUTPUT -d 169.254.0.0/16 -j BareMetalInstanceServices
-A BareMetalInstanceServices -d 169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 \
-m comment --comment "{_SEE}" -j ACCEPT
-A BareMetalInstanceServices -d 169.254.169.254/32 -p udp -m udp --dport 123 \
-m comment --comment "Allow access to OCI local NTP service" -j ACCEPT
-A BareMetalInstanceServices -d 169.254.169.254/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A BareMetalInstanceServices -d 169.254.169.254/32 -p udp -m udp --dport 53 \
-m comment --comment "Allow access to OCI local DNS service" -j ACCEPT
-A BareMetalInstanceServices -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -m comment --comment "{_SEE}" -j ACCEPT
-A BareMetalInstanceServices -d 169.254.0.0/16 -p tcp -j REJECT --reject-with tcp-reset
-A BareMetalInstanceServices -d 169.254.0.0/16 -p udp -j REJECT --reject-with icmp-port-unreachable
"""
"""What iptables-save prints of it (firewalld 2.3.1, iptables 1.8.11, November 2026)."""
