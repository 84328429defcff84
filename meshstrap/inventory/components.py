"""What a person adds to a part of the control plane."""

from __future__ import annotations

from collections.abc import Mapping

from meshstrap.inventory.field_types import AbsolutePath, Argument, Flag, Label, PathType, Text
from meshstrap.inventory.section import Section, documented


class Volume(Section):
    """A file or folder of the control plane's machine, as a part of the control plane sees it."""

    name: Label = documented("The volume's name in the pod, a DNS label.", "authentication")
    host_path: AbsolutePath = documented("Where it is on the machine.", "/etc/kubernetes/authentication.yaml")
    mount_path: AbsolutePath = documented("Where the program sees it.", "/etc/kubernetes/authentication.yaml")
    read_only: Flag = documented("Whether the program may only read it.", example=True, default=True)
    path_type: PathType = documented(
        "What has to be there: File, Directory, FileOrCreate or DirectoryOrCreate. Empty: not looked at.",
        "File",
        default="",
    )


class Component(Section):
    """Further arguments and volumes of a part of the control plane. They take effect when the cluster is made."""

    arguments: Mapping[Argument, Text] = documented(
        "Arguments of its command line, without the dashes in front.", {"event-ttl": "2h"}, default={}
    )
    volumes: tuple[Volume, ...] = documented(
        "Files and folders that it sees beside kubeadm's.",
        [{"name": "oidc", "host_path": "/etc/oidc", "mount_path": "/etc/oidc"}],
        default=(),
    )
