"""What people run. For a ``tasks.py`` of your own::

    from invoke import task
    from meshstrap.tasks import namespace

    @task
    def backup(context):
        ...

    namespace.add_task(backup)

Tasks read flags and put the parts of meshstrap together, no more.
"""

from __future__ import annotations

from invoke.collection import Collection

from meshstrap.tasks import flags, node_flags

namespace = Collection.from_module(flags, name="meshstrap")
for _task in Collection.from_module(node_flags).tasks.values():
    namespace.add_task(_task)
"""All tasks; a task of yours that has the name of one of them takes its place."""

__all__ = ["namespace"]
