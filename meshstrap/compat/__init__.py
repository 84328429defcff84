"""Known-good and known-bad combinations of versions, and where each version comes from."""

from meshstrap.compat.data import Defaults
from meshstrap.compat.downloads import PackageSource, cilium_chart, helm_download, pause_image, repositories
from meshstrap.compat.notices import warnings
from meshstrap.compat.rules import defaults, version_rules, versions_of

__all__ = [
    "Defaults",
    "PackageSource",
    "cilium_chart",
    "defaults",
    "helm_download",
    "pause_image",
    "repositories",
    "version_rules",
    "versions_of",
    "warnings",
]
