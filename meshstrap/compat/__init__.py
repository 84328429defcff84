"""Known-good and known-bad combinations of versions, known collisions, and where each version comes from."""

from meshstrap.compat.data import Defaults
from meshstrap.compat.downloads import (
    PackageSource,
    cilium_chart,
    helm_download,
    pause_image,
    repositories,
    tool_version,
)
from meshstrap.compat.feature_gates import alpha_gates
from meshstrap.compat.profile import Collision, Rendered, collisions, warning, warnings
from meshstrap.compat.rules import defaults, version_rules

__all__ = [
    "Collision",
    "Defaults",
    "PackageSource",
    "Rendered",
    "alpha_gates",
    "cilium_chart",
    "collisions",
    "defaults",
    "helm_download",
    "pause_image",
    "repositories",
    "tool_version",
    "version_rules",
    "warning",
    "warnings",
]
