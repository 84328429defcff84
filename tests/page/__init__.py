"""The page and the pictures in a real browser: `nox -s page`, which installs what they need. Nothing is skipped."""
