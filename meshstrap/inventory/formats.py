"""Parsers for the forms that Kubernetes, URLs, checksums and the tailnet give to a value."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from meshstrap.inventory.network import refuse_false_address
from meshstrap.inventory.values import closest, parse_label, parse_lines, parse_text, repaired

_QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_PREFIX_LENGTH = 253
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_DEVICE = re.compile(r"/dev/[A-Za-z0-9._/-]*[A-Za-z0-9]")
# A part of a disk, by the kernel's names and by udev's links.
_PARTITION = re.compile(r"/dev/(?:(?:oracleoci/oracle)?(?:sd|vd|xvd)[a-z]+\d+|nvme\d+n\d+p\d+|.+-part\d+)")
_BOOT_DEVICES = ("/dev/oracleoci/oraclevda", "/dev/sda", "/dev/vda", "/dev/xvda")
_PEM_BEGIN, _PEM_END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_PEM_BLOCK = re.compile(rf"{_PEM_BEGIN}\n(?:[A-Za-z0-9+/]+\n)*[A-Za-z0-9+/]+={{0,2}}\n{_PEM_END}")
_CHECK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_REGISTRY = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
REACHABLE = r"|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
"""A host name, an address, or nothing."""
_SSH_KEY = re.compile(r"(ssh-(?:rsa|ed25519)|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/]{20,}={0,2}( .*)?")

# What the kubelet may set on its own node inside Kubernetes' namespaces (k/k pkg/apis/core/pods, well_known_labels.go:
# https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
_SELF_SET_LABELS = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "node.kubernetes.io/instance-type",
)
_SELF_SET_NAMESPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")


def parse_label_key(value: object) -> str:
    """The key of a Kubernetes label or taint: ``name`` or ``prefix/name``."""
    text = parse_text(value)
    prefix, slash, name = text.rpartition("/")
    if not _QUALIFIED.fullmatch(name):
        rule = "letters, digits, '-', '_' and '.', at most 63, with a letter or digit first and last"
        raise ValueError(f"'{text}' is not a label key: {rule}")
    if slash and (len(prefix) > _PREFIX_LENGTH or not _PREFIX.fullmatch(prefix)):
        raise ValueError(f"'{text}' is not a label key: '{prefix}' before the slash is not a DNS name")
    return text


def parse_node_label(value: object) -> str:
    """A label key that the kubelet may set on its own node."""
    key = parse_label_key(value)
    prefix = key.rpartition("/")[0]
    reserved = any(prefix == domain or prefix.endswith("." + domain) for domain in ("kubernetes.io", "k8s.io"))
    if not reserved or key in _SELF_SET_LABELS or prefix.endswith(_SELF_SET_NAMESPACES):
        return key
    raise ValueError(
        f"'{key}' is refused: a kubelet may not give itself labels in '{prefix}' (Kubernetes' NodeRestriction); "
        f"set it once the cluster lives: kubectl label node NODE {key}=VALUE"
    )


def parse_label_value(value: object) -> str:
    """The value of a Kubernetes label; may be empty."""
    text = "" if value is None else parse_text(value)
    if text and not _QUALIFIED.fullmatch(text):
        rule = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit first and last"
        raise ValueError(f"'{text}' is not a label value: {rule}")
    return text


def parse_taint(value: object) -> str:
    """A taint, ``key=value:Effect`` or ``key:Effect``."""
    if isinstance(value, dict):
        raise ValueError("a taint is one text here: key=value:EFFECT, as kubectl taint takes it")  # noqa: TRY004 - pydantic takes ValueError only
    text = parse_text(value)
    rest, colon, effect = text.rpartition(":")
    if not colon or effect not in _TAINT_EFFECTS:
        meant = {known.lower(): known for known in _TAINT_EFFECTS}.get(
            closest(effect, tuple(map(str.lower, _TAINT_EFFECTS)))
        )
        hint = f"; did you mean '{rest}:{meant}'?" if colon and meant else ""
        rule = f"key=value:EFFECT with EFFECT one of {', '.join(_TAINT_EFFECTS)}"
        raise ValueError(f"'{text}' is not a taint: {rule}{hint}")
    key, _, taint_value = rest.partition("=")
    parse_label_key(key)
    parse_label_value(taint_value)
    return text


def parse_url(value: object) -> str:
    """A URL ``https://host/…`` or ``http://host/…``, without a user or password in it."""
    text = parse_text(value)
    rule = "a URL such as https://host/path"
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(f"'{text}' is not {rule}") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or not port_is_valid:
        hint = "" if "/" in text.partition("/")[0] or "//" in text else repaired(parse_url, f"https://{text}")
        raise ValueError(f"'{text}' is not {rule}: it starts with https:// or http:// and names a host{hint}")
    refuse_false_address(parts.hostname)
    if parts.username or parts.password:
        raise ValueError("the URL holds a user or password; an inventory holds no secrets: remove it")
    if not _URL_CHARACTERS.fullmatch(text):
        raise ValueError(f"'{text}' is not {rule}: write unusual characters as %XX")
    return text


def parse_folder_url(value: object) -> str:
    """A URL that a file's name is put behind: without ``?``, and without the slash at its end."""
    text = parse_url(value)
    if "?" in text:
        raise ValueError(f"'{text}' has a query; a folder is asked for, behind which the file's name is put")
    return text.rstrip("/")


def parse_login_server(value: object) -> str:
    """The coordination server's URL: nothing but scheme, host and port. Empty: Tailscale's own."""
    if value == "":
        return ""
    text = parse_url(value)
    parts = urlsplit(text)
    if parts.path not in {"", "/"} or parts.query:
        raise ValueError(f"'{text}' has a path; the coordination server is given as {parts.scheme}://{parts.netloc}")
    if f".{parts.hostname}".endswith(".tailscale.com"):
        raise ValueError(f"'{text}' is Tailscale's own server; leave login_server out, and the nodes log in there")
    return text.rstrip("/")


def parse_device(value: object) -> str:
    """The path of a whole block device that is not the boot volume."""
    text = parse_text(value)
    if not _DEVICE.fullmatch(text) or "/../" in text or "//" in text:
        folder = "oracleoci/" if text.startswith("oracle") else ""
        hint = repaired(parse_device, f"/dev/{folder}{text}") if text and "/" not in text else ""
        raise ValueError(f"'{text}' is not the path of a device such as /dev/oracleoci/oraclevdb{hint}")
    if text in _BOOT_DEVICES:
        raise ValueError(f"'{text}' is the boot volume; the first block volume is /dev/oracleoci/oraclevdb")
    if _PARTITION.fullmatch(text):
        raise ValueError(f"'{text}' is a partition; a data volume is taken whole, so name the disk itself")
    return text


def parse_certificates(value: object) -> str:
    """One or more certificates in PEM form; empty for none."""
    if value == "":
        return ""
    text = "\n".join(line.rstrip() for line in parse_lines(value).splitlines()).strip()
    rest = _PEM_BLOCK.sub("", text)
    if "PRIVATE KEY" in text:
        raise ValueError("this holds a private key; only certificates belong here, an inventory holds no secrets")
    comments_only = all(line.startswith("#") for line in rest.split("\n") if line)
    if not _PEM_BLOCK.search(text) or "-----" in rest or not comments_only:
        raise ValueError(f"this is not a PEM certificate: whole blocks from {_PEM_BEGIN} to {_PEM_END}, and only those")
    return "\n".join(match[0] for match in _PEM_BLOCK.finditer(text)) + "\n"


def parse_preflight_check(value: object) -> str:
    """The name of one kubeadm preflight check, for example ``NumCPU`` or ``Port-10250``."""
    text = parse_text(value)
    if text.lower() == "all":
        raise ValueError("'all' is refused: waive each check by its name, so that new ones still count")
    if not _CHECK_NAME.fullmatch(text):
        raise ValueError(f"'{text}' is not the name of a kubeadm check such as NumCPU, Mem or Port-10250")
    return text


def parse_registry(value: object) -> str:
    """The host of an image registry, with a port if it has one."""
    text = parse_text(value)
    if not _REGISTRY.fullmatch(text) or ".." in text:
        host = text.partition("://")[2].partition("/")[0] or text.partition("/")[0]
        hint = "" if host.lower() == text else repaired(parse_registry, host.lower())
        raise ValueError(f"'{text}' is not an image registry such as registry.k8s.io: host or host:port{hint}")
    refuse_false_address(text.partition(":")[0])
    return text


def parse_reachable(value: object) -> str:
    """A host name or an address; empty when it is not known."""
    text = parse_text(value)
    if not re.fullmatch(REACHABLE, text):
        rule = "a host name or an address such as 203.0.113.7; user and port stand in your SSH configuration"
        raise ValueError(f"'{text}' is not {rule}")
    refuse_false_address(text)
    return text


def parse_ssh_key(value: object) -> str:
    """One public key, as in a ``.pub`` file."""
    text = parse_text(value)
    if "PRIVATE KEY" in text:
        raise ValueError("this is a private key; give the public one, the content of the .pub file")
    if not _SSH_KEY.fullmatch(text):
        hint = "; write what is in that file, not its name" if text.endswith(".pub") else ""
        raise ValueError(f"this is not a public SSH key such as 'ssh-ed25519 AAAA… name', on one line{hint}")
    return text


def parse_user(value: object) -> str:
    """A Linux user name; empty for the image's own."""
    text = parse_text(value)
    if text and not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", text):
        hint = "" if text == text.lower() else repaired(parse_user, text.lower())
        raise ValueError(f"'{text}' is not a user name: a-z, 0-9, '-' and '_', a letter first, at most 32{hint}")
    if text == "root":
        raise ValueError("'root' has no need of a kubeconfig of its own; name the user that logs in, or leave it out")
    return text


def parse_region(value: object) -> str:
    """A cloud region such as ``ap-chuncheon-1``; empty when it does not matter."""
    text = parse_text(value)
    return parse_label(text) if text else text
