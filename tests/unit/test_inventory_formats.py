"""Tables of what each form takes and refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from netaddr import IPAddress

from meshstrap.errors import InventoryInvalid
from meshstrap.inventory import field_types, formats, parse_address, parse_inventory, parse_subnet, values
from meshstrap.inventory.rules_protected import CILIUM_VALUES, KUBELET_FIELDS


def parse_of(annotated: Any) -> Callable[[object], Any]:
    """The parser of a field's type."""
    (written,) = annotated.__metadata__
    parse: Callable[[object], Any] = written.parse
    return parse


HEAD = "accounts: [{name: b}]\nnodes: [{name: n, account: b, role: control-plane}]\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample0"

TAKEN: list[tuple[Callable[[object], Any], str]] = [
    (values.parse_label, "a"),
    (values.parse_label, "0"),
    (values.parse_label, "a" * 63),
    (values.parse_dns_name, "k8s-api.internal"),
    (values.parse_dns_name, "api"),
    (values.parse_version, "0.0.0"),
    (values.parse_version, "1.36.10"),
    (formats.parse_label_key, "example.net/A_b.c-d"),
    (formats.parse_node_label, "topology.kubernetes.io/zone"),
    (formats.parse_node_label, "node.kubernetes.io/anything"),
    (formats.parse_node_label, "kubelet.kubernetes.io/anything"),
    (formats.parse_node_label, "notkubernetes.io/anything"),
    (formats.parse_label_value, ""),
    (formats.parse_label_value, "A_b.c-d"),
    (formats.parse_taint, "key:NoExecute"),
    (formats.parse_taint, "example.net/key=value:PreferNoSchedule"),
    (formats.parse_taint, "node-role.kubernetes.io/control-plane:NoSchedule"),
    (formats.parse_url, "https://mirror.example.net/core:/stable:/v1.36/deb/"),
    (formats.parse_url, "http://10.0.0.5:5000"),
    (formats.parse_url, "http://[fd00::1]:5000/v2/"),
    (formats.parse_login_server, ""),
    (formats.parse_login_server, "https://headscale.example.net:8443"),
    (formats.parse_device, "/dev/oracleoci/oraclevdb"),
    (formats.parse_device, "/dev/disk/by-id/scsi-0_a.b"),
    (formats.parse_certificates, ""),
    (formats.parse_preflight_check, "DirAvailable--etc-kubernetes-manifests"),
    (formats.parse_registry, "registry.k8s.io"),
    (formats.parse_registry, "localhost:5000"),
    (formats.parse_ssh_key, KEY),
    (formats.parse_ssh_key, f"{KEY} alice's laptop; $(reboot)"),
    (formats.parse_user, ""),
    (formats.parse_user, "cloud-user"),
    (formats.parse_region, ""),
]

REFUSED: list[tuple[Callable[[object], Any], object]] = [
    *[(values.parse_label, text) for text in ("", "-a", "a-", "A", "a_b", "a.b", "a b", "서울", "a" * 64)],
    (values.parse_label, None),
    (values.parse_label, ["a"]),
    (values.parse_label, {"a": "b"}),
    *[(values.parse_dns_name, text) for text in ("", ".", "a.", ".a", "a..b", "10.0.0.1", "a" * 64 + ".b", "a.b-")],
    (values.parse_dns_name, ".".join(["a" * 60] * 5)),
    *[(values.parse_version, text) for text in ("1", "1.30", "1.2.3.4", "v1.2.3", "1.2.3-rc.1", "01.2.3", "1.2.x", "")],
    *[(values.parse_flag, text) for text in ("yes", "on", "True", "1", "")],
    *[(formats.parse_label_key, text) for text in ("", "/a", "a/", "a/b/c", "-a", "a" * 64, "A.b/c", "a..b/c")],
    *[(formats.parse_node_label, text) for text in ("kubernetes.io/role", "a.k8s.io/b", "node-role.kubernetes.io/x")],
    (formats.parse_node_label, "a.node-restriction.kubernetes.io/b"),
    *[(formats.parse_label_value, text) for text in ("-a", "a b", "a" * 64, "a/b")],
    *[(formats.parse_taint, text) for text in ("", "a", "a=b", ":NoSchedule", "a=b c:NoSchedule", "a:noschedule")],
    *[
        (formats.parse_url, text)
        for text in ("", "ftp://a", "https://", "https://a:99999", "//a", "https://a/ b", "https://[a")
    ],
    *[
        (formats.parse_url, text)
        for text in ("https://u@a", "https://u:p@a", "https://a/\u00e9", "https://a:0", 'https://a/"')
    ],
    *[
        (formats.parse_login_server, text)
        for text in ("https://a/b", "https://a?b", "a", "https://login.tailscale.com")
    ],
    *[
        (formats.parse_device, text)
        for text in ("", "/dev/", "/dev/sda", "/dev/../etc/passwd", "/dev//sdb", "sdb", "/etc/a")
    ],
    *[(formats.parse_certificates, text) for text in ("a", "-----BEGIN CERTIFICATE-----", "\n")],
    (formats.parse_certificates, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\nmore"),
    (formats.parse_certificates, "-----BEGIN CERTIFICATE-----\nAA AA\n-----END CERTIFICATE-----"),
    (formats.parse_certificates, "-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\nAAAA"),
    *[(formats.parse_preflight_check, text) for text in ("", "all", "ALL", "a,b", "a b", "--x")],
    *[(formats.parse_registry, text) for text in ("", "a/b", "https://a", "A", "a..b", "a:b")],
    *[
        (formats.parse_ssh_key, text)
        for text in ("", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss " + "A" * 40, KEY + "\n" + KEY)
    ],
    *[(formats.parse_user, text) for text in ("A", "1a", "a b", "a" * 33, "root", "a:b")],
]


@pytest.mark.parametrize(("parse", "text"), TAKEN)
def test_taken(parse: Callable[[object], Any], text: str) -> None:
    assert parse(text) == text


@pytest.mark.parametrize(("parse", "value"), REFUSED)
def test_refused(parse: Callable[[object], Any], value: object) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(value)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    ("parse", "text", "meant"),
    [
        (values.parse_dns_name, "K8s-API.internal", "k8s-api.internal"),
        (values.parse_version, "v1.36.3", "1.36.3"),
        (values.parse_version, "1.36", "1.36.0"),
        (values.parse_flag, "Yes", "true"),
        (values.whole_number("GiB", 1, 99, "why"), "12 GB", "12"),
        (values.whole_number("OCPUs", 1, 99, "why"), "2.0", "2"),
        (values.whole_number("OCPUs", 1, 99, "why"), "02", "2"),
        (formats.parse_taint, "dedicated=a:noSchedule", "dedicated=a:NoSchedule"),
        (formats.parse_url, "mirror.example.net/core", "https://mirror.example.net/core"),
        (formats.parse_device, "sdb", "/dev/sdb"),
        (formats.parse_device, "oraclevdb", "/dev/oracleoci/oraclevdb"),
        (formats.parse_registry, "https://Registry.k8s.io/v2", "registry.k8s.io"),
        (formats.parse_user, "Ubuntu", "ubuntu"),
        (parse_of(field_types.Tag), "K8s_node", "tag:k8s-node"),
        (parse_of(field_types.CaCertHash), "AB" * 32, "sha256:" + "ab" * 32),
        (parse_of(field_types.Sha256), "sha256:" + "AB" * 32, "ab" * 32),
        (parse_of(field_types.Fingerprint), "abcd " * 10, "ABCD" * 10),
        (parse_of(field_types.Role), "Worker", "worker"),
        (parse_of(field_types.System), "Ubuntu 24.04", "ubuntu-24.04"),
        (parse_of(field_types.Routing), "VXLAN", "vxlan"),
    ],
)
def test_a_wrong_value_is_told_the_right_one(parse: Callable[[object], Any], text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"; did you mean '{re.escape(meant)}'") as caught:
        parse(text)
    assert str(parse(meant)).lower() == meant.lower()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (values.whole_number("OCPUs", 1, 9, "why"), "2 or 3"),
        (values.whole_number("OCPUs", 1, 9, "why"), "12 GB"),
        (formats.parse_url, "ftp://a"),
        (formats.parse_device, "sda"),
        (formats.parse_url, "file:///a"),
        (parse_of(field_types.Tag), "tag:1"),
        (parse_of(field_types.Sha256), "abc"),
    ],
)
def test_no_suggestion_is_better_than_a_wrong_one(parse: Callable[[object], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"is not") as caught:
        parse(text)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (formats.parse_reachable, "203.0.113.300"),
        (formats.parse_reachable, "203.0.113"),
        (formats.parse_login_server, "https://203.0.113.300:8443"),
        (formats.parse_url, "http://10.0.0.256/mirror"),
        (formats.parse_registry, "10.0.0.256:5000"),
        (parse_subnet, "10.0.0.256/24"),
    ],
)
def test_an_address_that_is_none_is_refused(parse: Callable[[object], Any], text: str) -> None:
    with pytest.raises(ValueError, match="is not an IPv4 address"):
        parse(text)
    for host in ("203.0.113.7", "w1.example.net", "w1", "2001:db8::1", ""):
        assert formats.parse_reachable(host) == host


def test_a_url_s_password_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="holds a user or password") as caught:
        formats.parse_url("https://me:hunter2@mirror.example.net")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10.244.0.5/16", "did you mean 10.244.0.0/16?"),
        ("10.0.0.0", "did you mean 10.0.0.0/24?"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("010.0.0.0/8", "'010' is not from 0 to 255"),
        ("256.0.0.0/8", "'256' is not from 0 to 255"),
        ("10.0.0/24", "not a subnet such as"),
        ("10.0.0.0/255.255.255.0", "did you mean 10.0.0.0/24?"),
        ("10.0.0.0/255.0.255.0", "not a subnet such as"),
        ("fd00::/64", "is IPv6"),
        ("12:30", "not a subnet such as"),
        ("", "not a subnet such as"),
    ],
)
def test_subnets_refused(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_subnet(text)
    assert hint in str(caught.value)


def test_addresses() -> None:
    assert parse_address("10.0.0.5") == IPAddress("10.0.0.5")
    assert str(parse_subnet("0.0.0.0/0")) == "0.0.0.0/0"
    for text in ("10.0.0.0/8", "fd00::1", "1.2.3", "1.2.3.04", "", "a.b.c.d"):
        with pytest.raises(ValueError, match="IP"):
            parse_address(text)


def refused_paths(text: str) -> list[str]:
    with pytest.raises(InventoryInvalid) as caught:
        parse_inventory(text, "f")
    return [problem.path for problem in caught.value.problems]


def nested(dotted: str) -> str:
    first, _, rest = dotted.partition(".")
    return f"{{{first}: {nested(rest) if rest else 'x'}}}"


@pytest.mark.parametrize("dotted", CILIUM_VALUES)
def test_protected_cilium_values(dotted: str) -> None:
    text = f"cluster: {{name: a}}\n{HEAD}cilium: {{values: {nested(dotted)}}}\n"
    assert refused_paths(text) == [f"cilium.values.{dotted}"]


@pytest.mark.parametrize("name", KUBELET_FIELDS)
def test_protected_kubelet_fields(name: str) -> None:
    assert refused_paths(f"cluster: {{name: a, kubelet: {{{name}: }}}}\n{HEAD}") == [f"cluster.kubelet.{name}"]


def test_neighbours_of_protected_values_are_free() -> None:
    text = (
        "cilium: {values: {ipam: {operator: {}}, ipv4: {}, bpf: {mapDynamicSizeRatio: 0.0025}}}\n"
        "cluster: {name: a, kubelet: {maxPods: 60, failSwapOn: false, failCgroupV1: false}}\n"
    )
    inventory = parse_inventory(text + HEAD, "f")
    assert inventory.cilium.values["bpf"] == {"mapDynamicSizeRatio": 0.0025}
    assert inventory.cluster.kubelet["failSwapOn"] is False


@pytest.mark.parametrize(
    "text",
    ["/dev/sdb1", "/dev/vdb2", "/dev/nvme1n1p1", "/dev/oracleoci/oraclevdb1", "/dev/disk/by-id/scsi-0_a.b-part1"],
)
def test_a_partition_is_no_data_volume(text: str) -> None:
    with pytest.raises(ValueError, match="is a partition; a data volume is taken whole"):
        formats.parse_device(text)
