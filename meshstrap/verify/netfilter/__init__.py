"""What a host's packet filter does with a packet, from what ``iptables-save`` and ``nft -j list ruleset`` print.

Nothing here knows what is expected, and nothing is guessed: what a rule matches and this room does not know makes the
answer *unknown*, with that rule named.
"""
