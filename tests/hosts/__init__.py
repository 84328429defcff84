"""`invoke verify` as tests of pytest-testinfra, which knows more ways to a host than SSH.

``pytest --hosts=ssh://ubuntu@cp1,ssh://ubuntu@w1``: one test a host and check. The checks are meshstrap.verify's.
"""
