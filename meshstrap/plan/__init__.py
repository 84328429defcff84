"""Inventory to plan: pure, no secret, no clock, no environment."""

from meshstrap.plan.derive import API_PORT, derive_plan
from meshstrap.plan.model import (
    AccountPlan,
    Fact,
    Network,
    NodePlan,
    Override,
    Package,
    Plan,
    RegistryMirror,
    Repository,
    Versions,
)

__all__ = [
    "API_PORT",
    "AccountPlan",
    "Fact",
    "Network",
    "NodePlan",
    "Override",
    "Package",
    "Plan",
    "RegistryMirror",
    "Repository",
    "Versions",
    "derive_plan",
]
