"""What the parts of the control plane see of their machine: a pod sees a file only below what is mounted into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname

from meshstrap.errors import Problem
from meshstrap.inventory.components import Component
from meshstrap.inventory.model import Inventory
from meshstrap.inventory.rules_components import components
from meshstrap.inventory.tree import Path, Places

# https://github.com/kubernetes/kubernetes/blob/v1.36.0/cmd/kubeadm/app/phases/controlplane/volumes.go
_CERTIFICATES = {
    "/etc/kubernetes/pki": "k8s-certs",
    "/etc/ssl/certs": "ca-certs",
    "/etc/ca-certificates": "etc-ca-certificates",
    "/etc/pki/ca-trust": "etc-pki-ca-trust",
    "/etc/pki/tls/certs": "etc-pki-tls-certs",
    "/usr/local/share/ca-certificates": "usr-local-share-ca-certificates",
    "/usr/share/ca-certificates": "usr-share-ca-certificates",
}
TAKEN: Mapping[str, Mapping[str, str]] = {
    "api_server": {**_CERTIFICATES, "/var/log/kubernetes": "audit"},
    "controller_manager": {
        **_CERTIFICATES,
        "/etc/kubernetes/controller-manager.conf": "kubeconfig",
        "/usr/libexec/kubernetes/kubelet-plugins/volume/exec": "flexvolume-dir",
    },
    "scheduler": {"/etc/kubernetes/scheduler.conf": "kubeconfig"},
}
"""Each part's key below ``cluster`` → where something is mounted anyway, and the name of that volume."""

_FILE_ENDINGS = ("-file", "-config")
_NO_FILES = ("runtime-config",)


def volumes_are_told_apart(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """No volume has the name or the mount path of another, or of one that is there anyway."""
    for key, component, _ in components(inventory):
        for field, taken in (("name", tuple(TAKEN[key].values())), ("mount_path", tuple(TAKEN[key]))):
            values = [getattr(volume, field) for volume in component.volumes]
            for index, value in enumerate(values):
                place: Path = ("cluster", key, "volumes", index, field)
                if value in taken:
                    message = f"'{value}' is that of a volume of kubeadm's or meshstrap's; choose another"
                    yield places.problem(place, message)
                elif value in values[:index]:
                    message = f"'{value}' is also that of volumes[{values.index(value)}]; choose another"
                    yield places.problem(place, message)


def files_of_arguments_are_mounted(inventory: Inventory, places: Places) -> Iterator[Problem]:
    """The program sees the file that an argument names; without it, it does not start, and kubeadm waits in vain."""
    for key, component, protected in components(inventory):
        for name, value in component.arguments.items():
            if value and name not in protected and _names_a_file(name) and not _is_mounted(value, key, component):
                yield places.problem(("cluster", key, "arguments", name), _unseen(value, key))


def _names_a_file(argument: str) -> bool:
    return argument == "config" or (argument.endswith(_FILE_ENDINGS) and argument not in _NO_FILES)


def _is_mounted(file: str, key: str, component: Component) -> bool:
    mounts = (*TAKEN[key], *(volume.mount_path for volume in component.volumes))
    return any(file == mount or file.startswith(f"{mount}/") for mount in mounts)


def _unseen(file: str, key: str) -> str:
    if not file.startswith("/"):
        return f"'{file}' is not a path from '/' on, and the program runs in a pod of its own: it would not start"
    folder = file if dirname(file) == "/" else dirname(file)
    return (
        f"{file} is in no volume of this program's pod: it would not find it, and not start. "
        f"Put the file on the machine and add to cluster.{key}: "
        f"volumes: [{{name: files, host_path: {folder}, mount_path: {folder}}}]"
    )


RULES = (volumes_are_told_apart, files_of_arguments_are_mounted)
