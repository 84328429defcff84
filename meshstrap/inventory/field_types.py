"""The types of fields: what one is read by, and what editors are told about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from posixpath import normpath
from typing import Annotated, Any, TypeAlias

from netaddr import IPNetwork
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from meshstrap.inventory import formats, shapes, values
from meshstrap.inventory.alternatives import ROUTINGS, NotRendered
from meshstrap.inventory.network import parse_subnet

_TEXT = {"type": "string"}
# Editors read YAML themselves: to them 1.30 is a number and 007 too.
_TEXT_OR_NUMBER = {"type": ["string", "number"]}


@dataclass(frozen=True, eq=False)
class Written:
    """A field that is text in the file, read by one function; ``schema`` is its JSON Schema."""

    parse: Callable[[object], Any]
    schema: Mapping[str, Any] = field(default_factory=lambda: _TEXT)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Our parser takes the place of pydantic's own checks, and of their wording."""
        return core_schema.no_info_plain_validator_function(partial(values.judged, self.parse))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """What editors complete from."""
        return dict(self.schema)


def _free_form(value: object) -> Any:
    """Any mapping, with YAML's own types (see :mod:`core_schema`)."""
    if not isinstance(value, dict):
        raise ValueError("this has to be a mapping: keys with values under it")  # noqa: TRY004 - pydantic takes ValueError only
    return value


def _number(unit: str, least: int, most: int, why: str) -> Written:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Written(values.whole_number(unit, least, most, why), schema)


def _word(what: str, *known: str, reasons: dict[str, str] | None = None) -> Written:
    return Written(values.one_of(what, *known, reasons=reasons), {"type": "string", "enum": list(known)})


def _routing(*known: str) -> Written:
    """A word for ``cilium.routing``; one that asks for another way gets the decision against it."""

    def parse(value: object) -> str:
        text = values.parse_text(value)
        if text not in known and text in ROUTINGS:
            raise NotRendered(text, ROUTINGS[text])
        return values.one_of("a routing", *known)(value)

    return Written(parse, {"type": "string", "enum": list(known)})


def _form(pattern: str, rule: str, *repairs: Callable[[str], str]) -> Written:
    return Written(values.matching(pattern, rule, *repairs), {"type": "string", "pattern": f"^({pattern})$"})


def _tag(text: str) -> str:
    return "tag:" + text.lower().removeprefix("tag:").strip().replace("_", "-")


def _digits(text: str) -> str:
    return re.sub(r"[\s:]|^0x|^sha256:", "", text.lower())


def _sha256(text: str) -> str:
    return f"sha256:{_digits(text)}"


_CGROUP_V1 = (
    "it boots cgroup v1 by default, and the kubelet refuses that since Kubernetes 1.35; use oracle-9. "
    "`invoke explain systems` says more"
)
_TOO_OLD = "its kernel is older than 5.10, which Cilium needs"
_REFUSED_SYSTEMS = {
    "oracle-8": _CGROUP_V1,
    "ubuntu-20.04": f"{_TOO_OLD}; use ubuntu-24.04",
    "ubuntu-18.04": f"{_TOO_OLD}; use ubuntu-24.04",
    "debian-11": "its security support has ended; use debian-13",
    "centos-7": f"{_TOO_OLD}; use oracle-9",
    "centos-8": "its support has ended; use oracle-9",
    "ubuntu-26.04": "this version has not been tried on it; use ubuntu-24.04",
}
_MACHINE_CHECKS = ("os", "arch", "kernel", "cgroup", "cpus", "memory", "clock", "disk")

Text: TypeAlias = Annotated[str, Written(values.parse_text, _TEXT_OR_NUMBER)]
Label: TypeAlias = Annotated[str, Written(values.parse_label, _TEXT_OR_NUMBER)]
DnsName: TypeAlias = Annotated[str, Written(values.parse_dns_name)]
Version: TypeAlias = Annotated[str, Written(values.parse_version, _TEXT_OR_NUMBER)]
Flag: TypeAlias = Annotated[bool, Written(values.parse_flag, {"type": "boolean"})]
Subnet: TypeAlias = Annotated[IPNetwork, Written(parse_subnet)]
FreeForm: TypeAlias = Annotated[Mapping[str, Any], Written(_free_form, {"type": "object"})]

Ocpus: TypeAlias = Annotated[int, _number("OCPUs", 1, 160, "a machine has at least one, and no shape has more")]
MemoryGib: TypeAlias = Annotated[int, _number("GiB", 1, 2048, "a machine has at least one, and no shape has more")]
BootVolumeGib: TypeAlias = Annotated[int, _number("GiB", 10, 32768, "a node needs at least 10, and no disk has more")]
BlockVolumeGib: TypeAlias = Annotated[int, _number("GiB", 10, 32768, "images need at least 10, and no volume has more")]
QuotaOcpus: TypeAlias = Annotated[int, _number("OCPUs", 0, 100000, "a quota of an account")]
QuotaGib: TypeAlias = Annotated[int, _number("GiB", 0, 10000000, "a quota of an account")]

Role: TypeAlias = Annotated[
    str, _word("a role", "control-plane", "worker", reasons={"master": "the role is called control-plane"})
]
System: TypeAlias = Annotated[
    str,
    _word(
        "a supported system",
        *("ubuntu-22.04", "ubuntu-24.04", "debian-12", "debian-13", "oracle-9", "oracle-10"),
        reasons=_REFUSED_SYSTEMS,
    ),
]
Shape: TypeAlias = Annotated[
    str,
    _word(
        "a known shape",
        *shapes.SHAPES,
        reasons={
            **dict.fromkeys(("a1", "ampere", "vm.standard.a1"), "OCI calls it VM.Standard.A1.Flex"),
            **dict.fromkeys(("micro", "e2.1.micro", "vm.standard.e2.micro"), f"OCI calls it {shapes.MICRO}"),
        },
    ),
]
Arch: TypeAlias = Annotated[
    str,
    _word(
        "an architecture",
        *(shapes.ARM64, shapes.AMD64),
        reasons={
            **dict.fromkeys(("aarch64", "ampere", "a1"), "packages call it arm64"),
            **dict.fromkeys(("x86_64", "x86-64", "x64", "x86"), "packages call it amd64"),
        },
    ),
]
Routing: TypeAlias = Annotated[str, _routing("vxlan", "tailnet")]
Selinux: TypeAlias = Annotated[
    str,
    _word(
        "a choice for SELinux",
        *("permissive", "unmanaged"),
        reasons={
            "enforcing": "meshstrap never turns it on; 'unmanaged' leaves it as the image has it. "
            "`invoke explain selinux` says more",
            "disabled": "'permissive' is enough and needs no reboot",
        },
    ),
]
MachineCheck: TypeAlias = Annotated[str, _word("a machine check", *_MACHINE_CHECKS)]
PreflightCheck: TypeAlias = Annotated[str, Written(formats.parse_preflight_check)]

Tag: TypeAlias = Annotated[str, _form(r"tag:[a-z][a-z0-9-]*", "a tag such as tag:k8s-node", _tag)]
CaCertHash: TypeAlias = Annotated[str, _form(r"|sha256:[0-9a-f]{64}", "sha256: and 64 hexadecimal digits", _sha256)]
Sha256: TypeAlias = Annotated[
    str, _form(r"[0-9a-f]{64}", "a SHA-256 checksum: 64 hexadecimal digits in lower case", _digits)
]
Fingerprint: TypeAlias = Annotated[
    str,
    _form(
        r"[0-9A-F]{40}",
        "a key fingerprint: 40 hexadecimal digits in upper case, without spaces",
        lambda text: _digits(text).upper(),
    ),
]
Argument: TypeAlias = Annotated[
    str,
    _form(
        r"[a-z0-9][a-z0-9-]*",
        "an argument's name: a-z, 0-9 and '-', without the dashes in front and without its value",
        lambda text: text.lstrip("-").partition("=")[0].replace("_", "-").lower(),
    ),
]
AbsolutePath: TypeAlias = Annotated[
    str,
    _form(
        r"(/(?!\.\.?(/|$))[A-Za-z0-9_.@+-]+)+",
        "an absolute path such as /etc/kubernetes/file.yaml",
        lambda text: f"/{text}",
        lambda text: normpath(text) if text.startswith("/") else "",
    ),
]
PathType: TypeAlias = Annotated[
    str, _form("|File|Directory|FileOrCreate|DirectoryOrCreate", "File, Directory, FileOrCreate or DirectoryOrCreate")
]
Url: TypeAlias = Annotated[str, Written(formats.parse_url)]
FolderUrl: TypeAlias = Annotated[str, Written(formats.parse_folder_url)]
LoginServer: TypeAlias = Annotated[str, Written(formats.parse_login_server)]
Device: TypeAlias = Annotated[str, Written(formats.parse_device)]
Certificates: TypeAlias = Annotated[str, Written(formats.parse_certificates)]
Registry: TypeAlias = Annotated[str, Written(formats.parse_registry)]
SshKey: TypeAlias = Annotated[str, Written(formats.parse_ssh_key)]
Address: TypeAlias = Annotated[
    str, Written(formats.parse_reachable, {"type": "string", "pattern": f"^({formats.REACHABLE})$"})
]
User: TypeAlias = Annotated[str, Written(formats.parse_user)]
Region: TypeAlias = Annotated[str, Written(formats.parse_region)]
LabelKey: TypeAlias = Annotated[str, Written(formats.parse_node_label)]
LabelValue: TypeAlias = Annotated[str, Written(formats.parse_label_value, {"type": ["string", "number", "boolean"]})]
Taint: TypeAlias = Annotated[str, Written(formats.parse_taint)]
