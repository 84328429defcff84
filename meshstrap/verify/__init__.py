"""Whether living hosts are what the plan says: each is asked everything at once, and judged check by check.

A check is a function in ``checks/<topic>.py`` and its words in ``checks/<topic>.yaml``. It reads the plan and what the
host has answered, and imports nothing of rendering: whatever is wrong there would be wrong here too.
"""
