"""Where a node downloads from: the vendors' places, or those of the inventory."""

from __future__ import annotations

from dataclasses import dataclass

from meshstrap.compat.data import Location, load_data
from meshstrap.compat.ranges import minor, version_parts
from meshstrap.inventory import HelmArchives, PackageRepository, PinnedFile, Repositories


@dataclass(frozen=True, kw_only=True)
class PackageSource:
    """One signed package repository; ``kind`` is ``deb`` or ``rpm``."""

    name: str
    kind: str
    url: str
    suite: str
    component: str
    key_url: str
    key_fingerprints: tuple[str, ...]
    signed_metadata: bool


def repositories(system: str, kubernetes: str, overrides: Repositories | None = None) -> tuple[PackageSource, ...]:
    """The package repositories of a system (``ubuntu-24.04``) and a Kubernetes version, the inventory's first."""
    data = load_data()
    system_names = data.systems[system]
    names = {
        "minor": minor(kubernetes),
        "distribution": system_names.distribution,
        "release": system_names.release,
    }
    result = []
    for name, vendor in data.repositories.items():
        location = vendor.deb if system_names.kind == "deb" else vendor.rpm
        source = _vendor_source(name, system_names.kind, location, names, location.fingerprints or vendor.fingerprints)
        given: PackageRepository | None = getattr(overrides, name) if overrides else None
        result.append(_overridden(source, given) if given else source)
    return tuple(result)


def _vendor_source(
    name: str, kind: str, location: Location, names: dict[str, str], fingerprints: tuple[str, ...]
) -> PackageSource:
    return PackageSource(
        name=name,
        kind=kind,
        url=location.url.format(**names),
        suite=location.suite.format(**names),
        component=location.component,
        key_url=location.key_url.format(**names),
        key_fingerprints=fingerprints,
        signed_metadata=location.signed_metadata,
    )


def _overridden(source: PackageSource, given: PackageRepository) -> PackageSource:
    return PackageSource(
        name=source.name,
        kind=source.kind,
        url=source.url if given.url is None else given.url,
        suite=source.suite if given.suite is None else given.suite,
        component=source.component if given.component is None else given.component,
        key_url=source.key_url if given.key_url is None else given.key_url,
        key_fingerprints=source.key_fingerprints if given.key_fingerprints is None else given.key_fingerprints,
        # A mirror made with createrepo has no signature of the list, as a rule.
        signed_metadata=source.signed_metadata and given.url is None,
    )


def tool_version(tool: str, kubernetes: str) -> str:
    """The version of ``cri-tools`` or ``kubernetes-cni`` beside that Kubernetes; empty where none is known."""
    return load_data().tools.get(minor(kubernetes), {}).get(tool, "")


def pause_image(kubernetes: str) -> str:
    """The version of the pause image that kubeadm of that version lists; of an unknown one, the newest known."""
    known = load_data().pause
    return known.get(minor(kubernetes)) or known[max(known, key=version_parts)]


def helm_download(version: str, arch: str, given: HelmArchives | None = None) -> PinnedFile:
    """Helm's archive for ``arm64`` or ``amd64``: the inventory's, else the vendor's.

    Raises ``LookupError`` when neither has a checksum, which :func:`~meshstrap.compat.version_rules` reports before.
    """
    own: PinnedFile | None = getattr(given, arch) if given else None
    pins = load_data().helm
    if own:
        return own
    return PinnedFile(url=pins.url.format(version=version, arch=arch), sha256=pins.sha256[version][arch])


def cilium_chart(version: str, given: PinnedFile | None = None) -> PinnedFile:
    """Cilium's chart: the inventory's, else the vendor's. Raises ``LookupError`` like :func:`helm_download`."""
    pins = load_data().cilium_chart
    return given or PinnedFile(url=pins.url.format(version=version), sha256=pins.sha256[version])
