"""How fast, how big: `nox -s bench`. It prints a table and asserts nothing about seconds."""
