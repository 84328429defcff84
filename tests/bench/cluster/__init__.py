"""What a whole cluster takes and carries, as ratios within one run: `nox -s bench -- cluster`, as root."""
