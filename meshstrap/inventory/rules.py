"""The rules across fields, in the order of the file's sections. Each is one function of its own."""

from __future__ import annotations

from meshstrap.inventory import (
    rules_components,
    rules_machines,
    rules_names,
    rules_network,
    rules_protected,
    rules_shapes,
    rules_sources,
    rules_tailnet,
    rules_volumes,
)

RULES = (
    *rules_names.RULES,
    *rules_network.RULES,
    *rules_tailnet.RULES,
    *rules_shapes.RULES,
    *rules_machines.RULES,
    *rules_protected.RULES,
    *rules_components.RULES,
    *rules_volumes.RULES,
    *rules_sources.RULES,
)
