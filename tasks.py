"""What people run in the clone; ``invoke --list`` names it all. ``docs/commands.md`` has a ``tasks.py`` of your own."""

from meshstrap.tasks import namespace  # noqa: F401 - invoke finds it by this name
