"""User-data: the cloud-config that puts the script, its unit and this node's secrets onto a machine, and its size.

Secrets become files here and nowhere else; ``adoption`` hands over the same files. A cloud-config of plain files is
used, not a multipart one: it can be pasted, and read by whoever pastes it. The script is the one exception:
cloud-init's own gzip and base64 would take a fifth more of the cloud's limit than what the machine's Python unpacks
(``templates/unpack.py``).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from functools import cache

from meshstrap.errors import UserDataTooLarge
from meshstrap.plan.model import NodePlan, Plan
from meshstrap.rendering.code import FETCH_PATH, fetch_program, render_code, render_fetch
from meshstrap.rendering.compression import base94_text, gzip_bytes, packed_program, packed_texts
from meshstrap.rendering.documents import TEMPLATES, render_unit
from meshstrap.rendering.script import Script, render_script
from meshstrap.rendering.tokens import TOKENS_IN_USER_DATA, bootstrap_token_lines
from meshstrap.rendering.yaml_text import LiteralText, yaml_document
from meshstrap.secrets import Secrets

METADATA_LIMIT = 32_000
"""Bytes of all of an instance's metadata, user-data in base64 and SSH keys together (OCI: LaunchInstanceDetails)."""

METADATA_RESERVE = 96
"""Bytes kept free for what a console or Terraform adds: two names of fields and quotes are some 50, this twice."""

SCRIPT_PATH = "/opt/meshstrap/bootstrap.sh"
UNPACK_PATH = "/opt/meshstrap/unpack.py"
_UNPACK = f"python3 {UNPACK_PATH}"
UNIT_PATH = "/etc/systemd/system/meshstrap.service"
SECRETS_FOLDER = "/etc/meshstrap/secrets"

# The script sets both, and keeps them so; cloud-init would set them back to the console's at every boot.
CLOUD_SETTINGS = {"preserve_hostname": True, "manage_etc_hosts": False}

_PARTS_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of the user-data as cloud-init's ``write_files`` takes it."""

    path: str
    content: str
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """What the user-data would take if its code were fetched, in bytes as the cloud counts them."""

    pasted: int
    packed: int
    fits_pasted: bool


@dataclass(frozen=True, kw_only=True)
class UserData:
    """A node's user-data in both forms, and its sizes in bytes.

    ``text`` is for pasting; ``b64`` is the same compressed, one line, for command lines and Terraform. ``script`` is
    the script's size as it is, ``compressed`` and ``encoded`` what it takes packed and as text: nothing when the code
    is fetched. ``pasted`` and ``packed`` are what the cloud counts for each form: base64 and the account's SSH keys.
    ``tokens_left_out``: bootstrap tokens of workers for which there is no room. ``fetching``: the way out with
    sources.code, when the plain form does not fit.
    """

    text: str
    b64: str
    script: int
    compressed: int
    encoded: int
    pasted: int
    packed: int
    tokens_left_out: int
    fetching: Fetching | None = None

    @property
    def fits_pasted(self) -> bool:
        """Whether the plain form may be pasted; else only ``b64`` fits."""
        return self.pasted + METADATA_RESERVE <= METADATA_LIMIT

    @property
    def fits(self) -> bool:
        """Whether it fits in one of its forms."""
        return self.packed + METADATA_RESERVE <= METADATA_LIMIT

    @property
    def percent(self) -> int:
        """Share of the limit that ``packed`` takes, rounded up."""
        return -(-100 * self.packed // METADATA_LIMIT)


def pack_user_data(plan: Plan, node: NodePlan, script: Script, secrets: Secrets) -> UserData:
    """A node's user-data. ``UserDataTooLarge`` when not even the compressed form fits into the cloud's metadata."""
    compressed = b"" if plan.code_url else packed_script(plan, node, script)
    files = user_data_files(plan, node, script, secrets)
    text = _cloud_config(plan, node, files)
    b64 = _base64(gzip_bytes(text))
    keys = next(account.ssh_keys_bytes for account in plan.accounts if account.name == node.account)
    data = UserData(
        text=text,
        b64=b64,
        script=len(script.text.encode()),
        compressed=len(compressed),
        encoded=len(base94_text(compressed)) if compressed else 0,
        pasted=_base64_length(len(text.encode())) + keys,
        packed=len(b64) + keys,
        tokens_left_out=max(0, len(bootstrap_token_lines(plan, secrets)) - TOKENS_IN_USER_DATA)
        if node.is_control_plane
        else 0,
    )
    if not data.fits_pasted and not plan.code_url:
        data = replace(data, fetching=_if_it_fetched(plan, node, secrets))
    if not data.fits:
        raise UserDataTooLarge(_too_large(node, data, script, files, keys))
    return data


def user_data_files(plan: Plan, node: NodePlan, script: Script, secrets: Secrets) -> tuple[File, ...]:
    """What cloud-init writes, in order: the script, its unit, what makes them whole, the node's secrets."""
    files = _fetching_files(plan, node, script) if plan.code_url else (_packed_file(packed_script(plan, node, script)),)
    return (*files, *_secret_files(plan, node, secrets))


def unit_file(plan: Plan, node: NodePlan) -> File:
    """The unit as it lies on the machine."""
    return File(path=UNIT_PATH, content=render_unit(plan, node))


def packed_script(plan: Plan, node: NodePlan, script: Script) -> bytes:
    """The script and its unit, compressed as one: the unit alone would take five times the room."""
    return packed_texts(script.text, render_unit(plan, node))


def _packed_file(compressed: bytes) -> File:
    """The program that unpacks, and what it unpacks as a comment: a file of its own would take 120 bytes more.

    Of a comment in one of the first two lines Python might take what it says of an encoding at its word.
    """
    return File(path=UNPACK_PATH, content=f"{packed_program(unpack_source())}#{base94_text(compressed)}\n")


def _fetching_files(plan: Plan, node: NodePlan, script: Script) -> tuple[File, ...]:
    return (
        File(path=SCRIPT_PATH, content=script.header + render_fetch(plan.code_url, render_code())),
        File(path=FETCH_PATH, content=fetch_program()),
        unit_file(plan, node),
    )


def _if_it_fetched(plan: Plan, node: NodePlan, secrets: Secrets) -> Fetching | None:
    """The sizes if the code came from a place of the person's own; ``None`` when that would not fit either."""
    elsewhere = replace(plan, code_url="https://files.example.net/meshstrap")
    try:
        data = pack_user_data(elsewhere, node, render_script(elsewhere, node), secrets)
    except UserDataTooLarge:
        return None
    return Fetching(pasted=data.pasted, packed=data.packed, fits_pasted=data.fits_pasted)


def _secret_files(plan: Plan, node: NodePlan, secrets: Secrets) -> list[File]:
    """The node's own secrets, 0600. What is not given is left out; the node then says what it waits for."""
    contents: dict[str, str] = {}
    auth_key = secrets.auth_key(node.name)
    if auth_key is not None:
        contents["auth_key"] = f"{auth_key.reveal()}\n"
    if node.is_control_plane:
        contents["bootstrap_tokens"] = "".join(bootstrap_token_lines(plan, secrets)[:TOKENS_IN_USER_DATA])
    else:
        token = secrets.bootstrap_token(node.name)
        contents["bootstrap_token"] = f"{token.token.reveal()}\n" if token else ""
    return [
        File(path=f"{SECRETS_FOLDER}/{name}", content=content, secret=True)
        for name, content in contents.items()
        if content
    ]


def _cloud_config(plan: Plan, node: NodePlan, files: tuple[File, ...]) -> str:
    config = {
        **CLOUD_SETTINGS,
        "write_files": [_write_file(file) for file in files],
        # cloud-init syncs nothing and writes these files once: a power cut within half a minute would leave them empty
        # for good. So this comes first; what unpacks the unit does it, too. systemctl does not wait: a node may have to
        # wait for hours, and cloud-init must not.
        "runcmd": [f"{'sync' if plan.code_url else _UNPACK}; systemctl enable --now --no-block meshstrap"],
    }
    introduction = f"# {node.name} of {plan.name}, with its secrets\n"
    if plan.code_url:
        introduction += f"# The values are bootstrap.sh; its code is fetched from {plan.code_url}.\n"
    return "#cloud-config\n" + introduction + yaml_document(config)


def _write_file(file: File) -> dict[str, str]:
    # 0644 is cloud-init's own default: every byte that need not be said is room for the script.
    mode = {"permissions": "0600"} if file.secret else {}
    return {"path": file.path, **mode, "content": LiteralText(file.content)}


@cache
def unpack_source() -> str:
    """The program without its docstring and comments, indented by one."""
    program = (TEMPLATES / "unpack.py").read_text(encoding="utf-8").split("\n\n", 1)[1]
    program = re.sub(r"^ *#.*\n", "", program, flags=re.MULTILINE)
    return re.sub(r"^(?: {4})+", lambda indent: " " * (len(indent[0]) // 4), program, flags=re.MULTILINE)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _base64_length(size: int) -> int:
    """Characters of base64 for so many bytes: four for every three begun (RFC 4648, section 4)."""
    return 4 * -(-size // 3)


def _too_large(node: NodePlan, data: UserData, script: Script, files: tuple[File, ...], keys: int) -> str:
    over = data.packed + METADATA_RESERVE - METADATA_LIMIT
    biggest = sorted(_parts(script, files, keys).items(), key=lambda item: -item[1])[:_PARTS_NAMED]
    return (
        f"node {node.name}: its user-data takes {data.packed} bytes (base64 {len(data.b64)}, SSH keys {keys}) and "
        f"{METADATA_RESERVE} are kept free, but the cloud takes {METADATA_LIMIT} at most: {over} too many. "
        "The biggest parts, compressed: " + ", ".join(f"{name} {size}" for name, size in biggest) + ". "
        f"{_way_out(data)}Shorten what you added yourself (cilium.values, kubelet, trusted_ca, labels) or list the SSH "
        "keys that you really use; the control plane's file also holds one bootstrap token for each worker"
    )


def _way_out(data: UserData) -> str:
    if data.fetching is None:
        return ""
    pasted = f"{data.fetching.pasted} bytes pasted, " if data.fetching.fits_pasted else ""
    return (
        "Not even user-data.b64 fits. Let the nodes fetch the code, with sources.code in cluster.yaml: "
        f"the user-data then takes {pasted}{data.fetching.packed} as user-data.b64. Or: "
    )


def _parts(script: Script, files: tuple[File, ...], keys: int) -> dict[str, int]:
    """What the user-data is made of, each part's size when compressed alone; SSH keys as they are."""
    sizes = {"SSH keys": keys}
    texts = {file.path: file.content for file in files}
    if texts.pop(UNPACK_PATH, ""):
        sizes["the script's code"] = len(packed_texts(script.code))
    for statement in script.header.split("\nreadonly ")[1:]:
        sizes[statement.partition("=")[0]] = len(gzip_bytes(statement))
    return sizes | {path: len(gzip_bytes(text)) for path, text in texts.items()}
