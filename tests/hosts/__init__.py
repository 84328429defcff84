"""Whether hosts are what the plan says: one file a topic, one behaviour a test.

``pytest --hosts=ssh://ubuntu@cp1,ssh://ubuntu@w1``, or ``invoke verify`` for the whole inventory.
"""
