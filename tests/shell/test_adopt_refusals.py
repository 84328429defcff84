"""What a machine that runs already is refused for, that nothing is changed then, and what its owner is told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from meshstrap.errors import AdoptionRefused
from meshstrap.plan.names import MESH_PORTS
from tests.golden.cases import example_plan, plan_of, system_plan

from .adopted import MEMORY, LivedIn, listen, rendered
from .firewall_rules import RULES_V4
from .sandbox import Sandbox
from .service_stubs import changes
from .tailscale_stub import stub_tailscale

REFUSED = AdoptionRefused.exit_code
UNIT = "etc/systemd/system/meshstrap.service"
SCRIPT = "opt/meshstrap/bootstrap.sh"


@pytest.fixture
def machine(sandbox: Sandbox) -> LivedIn:
    """One that nothing speaks against."""
    return LivedIn(sandbox)


def in_tailnet(
    box: Sandbox, tags: str = '["tag:k8s-node"]', server: str = "https://controlplane.tailscale.com"
) -> None:
    """Logged in already, as web-1."""
    status = (
        f'{{"BackendState": "Running", "Self": {{"DNSName": "web-1.tail1.ts.net.", "HostName": "", "Tags": {tags}}}}}'
    )
    prefs = f'{{"ControlURL": "{server}"}}'
    box.stub("tailscale", f"[[ $1 == debug ]] && echo '{prefs}' || echo '{status}'")
    box.stub("timeout", 'shift; "$@"')


def of_another_node(box: Sandbox) -> None:
    box.write(UNIT, "[Unit]\nDescription=meshstrap: node cp1 of homelab\n")


def of_another_role(box: Sandbox) -> None:
    box.write(UNIT, "[Unit]\nDescription=meshstrap: node w1 of homelab\n")
    box.write(SCRIPT, "readonly NODE_ROLE=control-plane\n")


def without_lived(box: Sandbox) -> None:
    (box.root / "run/systemd/system/keep").unlink()
    (box.root / "run/systemd/system").rmdir()


DUMP = """\
Acquire::http::Proxy "http://proxy.example.net:3128";
APT::Update::Post-Invoke-Success:: "touch /x";
DPkg::Post-Invoke:: "echo "a"";
"""
# What others run after an update is not run for a question; a proxy is asked as by them.
GONE = """! grep -q Invoke "$APT_CONFIG" || exit 99
grep -q proxy.example.net "$APT_CONFIG" || exit 98
echo 'E: Failed to fetch http://ppa.example.net/old  404' >&2
echo 'E: Some index files failed to download.' >&2
exit 100"""


def without_update(box: Sandbox) -> None:
    box.stub("apt-config", f"cat <<'DUMP'\n{DUMP}DUMP")
    box.stub("timeout", 'shift; "$@"')
    box.stub("apt-get", GONE)


FULL = MEMORY.replace("10241928", "1024000").replace("SwapFree:        2", "SwapFree: 1")
Spoil = Callable[[Sandbox], object]
ROWS: tuple[tuple[str, Spoil, str, str], ...] = (
    ("no systemd", without_lived, "no systemd runs here", "another machine"),
    ("no ss", lambda box: (box.bin / "ss").unlink(), "there is no ss here", "iproute2"),
    ("another node", of_another_node, "this machine is the node cp1 of homelab already", "build this machine anew"),
    ("another role", of_another_role, "this machine is w1 already, as a control-plane", "build this machine anew"),
    ("system", lambda box: box.write("etc/os-release", 'ID=debian\nVERSION_ID="13"\n'), "os: debian-13, not ", "waive"),
    ("processor", lambda box: box.stub("nproc", "echo 0"), "cpus: 0, not 1", "cluster.yaml"),
    (
        "memory",
        lambda box: box.write("proc/meminfo", FULL),
        "memory: 24 MiB free once 976 MiB of swap are back in memory, not 600",
        "waive memory",
    ),
    ("disk", lambda box: box.write("state/free", "3000\n"), "disk: 2 GiB free on the root disk, not 4", "waive disk"),
    ("K3s", lambda box: box.write("var/lib/rancher/k3s/server/token", ""), "K3s is here (", "k3s-uninstall.sh"),
    ("MicroK8s", lambda box: box.write("var/snap/microk8s/1/x", ""), "MicroK8s is here (", "snap remove --purge"),
    (
        "another cluster",
        lambda box: (box.write("etc/kubernetes/kubelet.conf", ""), box.write("var/lib/kubelet/pki/x", "")),
        "another cluster has been here: ",
        "kubeadm reset",
    ),
    ("Docker", lambda box: box.write("state/is-enabled-docker", ""), "Docker runs here: its", "disable --now"),
    ("Docker at its first call", lambda box: box.write("state/is-enabled-docker.socket", ""), "Docker runs", "disable"),
    (
        "images",
        lambda box: box.write("var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/1", ""),
        "somebody's images and containers",
        "ctr namespaces list",
    ),
    (
        "another network for containers",
        lambda box: box.write("etc/cni/net.d/87-podman-bridge.conflist", ""),
        "87-podman-bridge.conflist; Cilium would switch it off",
        "move it away",
    ),
    (
        "the distribution's containerd",
        lambda box: [box.write(f"state/package-{name}", "installed 1.1") for name in ("containerd", "runc")],
        "the distribution's containerd runc would have to go",
        "remove containerd runc",
    ),
    (
        "a repository",
        lambda box: box.write(
            "etc/apt/sources.list.d/tailscale.list", "deb https://pkgs.tailscale.com/stable/ubuntu noble main\n"
        ),
        "tailscale.list names a repository of the plan",
        "move it out of /etc/apt",
    ),
    (
        "a source that is gone",
        without_update,
        "apt-get update fails: Failed to fetch http://ppa.example.net/old",
        "mend that source",
    ),
    (
        "a port",
        lambda box: listen(box, 'tcp LISTEN 0 5 127.0.0.1:10250 0.0.0.0:* users:(("python3",pid=9,fd=3))'),
        "somebody listens where the node has to: tcp/10250 (python3)",
        "ss -lntup",
    ),
    ("a tunnel", lambda box: listen(box, "udp UNCONN 0 0 0.0.0.0:8472 0.0.0.0:*"), "udp/8472 (the kernel)", "ss"),
    (
        "a network",
        lambda box: box.write("state/routes", "10.244.0.0/16|10.244.7.0/24 dev vpn0 scope link\n"),
        "a network of this machine lies in the plan's 10.244.0.0/16: 10.244.7.0/24 dev vpn0",
        "pod_subnet",
    ),
    (
        "another tailnet",
        lambda box: in_tailnet(box, server="https://hs.example.net"),
        "this machine is in another tailnet: web-1.tail1.ts.net. at https://hs.example.net",
        "tailscale logout",
    ),
    ("no tag", lambda box: in_tailnet(box, "null"), "as web-1.tail1.ts.net., without tag:k8s-node", "give it that tag"),
    ("down", lambda box: stub_tailscale(box, backend="Stopped"), "tailscale is down here", "tailscale up"),
    ("ufw", lambda box: box.write("etc/ufw/ufw.conf", "ENABLED=yes\n"), "ufw is enabled", "ufw disable"),
)  # fmt: skip


@pytest.mark.parametrize(("spoil", "found", "way"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_in_the_way_is_named_with_its_way_out_and_nothing_is_changed(
    machine: LivedIn, spoil: Spoil, found: str, way: str
) -> None:
    spoil(machine.sandbox)
    before = machine.files()
    outcome = machine.run()
    assert outcome.code == REFUSED, outcome.log
    findings = re.findall(r"^- (.*)\n    what to do: (.*)$", outcome.log, re.MULTILINE)
    assert len(findings) == 1, outcome.log
    assert found in findings[0][0]
    assert way in findings[0][1]
    assert machine.files() == before
    assert changes(outcome.calls) == []


def test_all_that_is_in_the_way_is_named_at_once(machine: LivedIn) -> None:
    # The first four end the questions: there is nothing, or somebody else, to ask. One machine has one state of its
    # tailnet, all ports are one finding, and so is Docker.
    one_of = {"no systemd", "no ss", "another node", "another role", "another tailnet", "down", "a tunnel"}
    one_of |= {"Docker at its first call"}
    rows = [row for row in ROWS if row[0] not in one_of]
    for _, spoil, _, _ in rows:
        spoil(machine.sandbox)
    outcome = machine.run()
    assert outcome.code == REFUSED
    assert outcome.log.startswith("this machine cannot be w1 (worker of homelab) as it is; nothing was changed:\n- ")
    for _, _, found, way in rows:
        assert found in outcome.log
        assert way in outcome.log
    # The processor is the machine's, with its system.
    assert outcome.log.count("    what to do: ") == len(rows) - 1


def test_a_control_plane_needs_more_room_ports_and_an_etcd_of_its_own(machine: LivedIn) -> None:
    machine.node = "cp1"
    box = machine.sandbox
    box.write("var/lib/etcd/default/member", "")
    box.write("proc/meminfo", MEMORY.replace("10241928", "1024000"))
    listen(box, 'tcp LISTEN 0 5 *:6443 *:* users:(("haproxy",pid=9,fd=3))')
    box.stub("getent", "exit 2")
    log = machine.run().log
    assert "another cluster has been here: " in log
    assert "there is no user ubuntu here, for whom kubectl is set up\n    what to do: name yours: login_user" in log
    assert "MiB of swap are back in memory, not 1400" in log
    assert "tcp/6443 (haproxy)" in log
    machine.node = "w1"
    assert machine.run("--check").code == 0


def test_the_ports_are_those_that_a_node_opens() -> None:
    for node in example_plan().nodes:
        asked = set(re.findall(r"(tcp|udp)/(\d+|\$API_PORT)", rendered(node.name).asks))
        inner = {("tcp", "10248")}
        known = {(kind, "$API_PORT" if port == 6443 else str(port)) for kind, port in MESH_PORTS}
        assert asked - inner == known


def test_what_is_waived_is_not_asked_for(machine: LivedIn) -> None:
    machine.sandbox.write("state/free", "9000\n")
    text = (
        "cluster: {name: homelab, waive_machine: [disk]}\naccounts: [{name: a}, {name: b}]\n"
        "nodes: [{name: cp1, account: a, role: control-plane}, {name: w1, account: b, role: worker}]\n"
    )
    assert machine.run("--check", plan=plan_of(text)).code == 0
    outcome = machine.run("--check", plan=plan_of(text.replace("[disk]", "[]")))
    assert (outcome.code, "disk: 8 GiB free on the root disk, not 14" in outcome.log) == (REFUSED, True)


def test_a_volume_that_holds_something_is_not_taken(machine: LivedIn) -> None:
    box = machine.sandbox
    plan = plan_of(
        "cluster: {name: homelab}\naccounts: [{name: a}, {name: b}]\n"
        "nodes:\n  - {name: cp1, account: a, role: control-plane}\n  - name: w1\n    account: b\n    role: worker\n"
        "    block_volume: {device: /dev/oracleoci/oraclevdb, size_gib: 50, format: true}\n"
    )
    assert machine.run("--check", plan=plan).code == 0, "a volume that is not attached yet is waited for"
    box.write("dev/oracleoci/oraclevdb", "")
    box.stub("blkid", "exit 2")
    box.stub("wipefs", 'cat "$ROOT/state/wipefs" 2>/dev/null || true')
    assert machine.run("--check", plan=plan).code == 0
    box.write("state/wipefs", "ext4 photos\n")
    outcome = machine.run(plan=plan)
    assert outcome.code == REFUSED
    assert "/dev/oracleoci/oraclevdb is not blank" in outcome.log
    box.stub("blkid", r"printf 'DEVNAME=/dev/x\nLABEL=meshstrap\nUUID=1\nTYPE=ext4\n'")
    assert machine.run("--check", plan=plan).code == 0


def test_what_changes_for_the_owner_is_said(machine: LivedIn) -> None:
    box = machine.sandbox
    box.write("proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n")
    box.write("state/package-tailscale", "tailscale=1.80.0\n")
    box.write("etc/iptables/rules.v4", RULES_V4)
    before = machine.files()
    outcome = machine.run("--check")
    assert outcome.code == 0
    assert "this machine can be w1 (worker of homelab)" in outcome.log
    assert "- its name: web-1 becomes w1\n" in outcome.log
    assert "- swap goes off, now and at boot: /swapfile\n" in outcome.log
    assert f"- a package: tailscale=1.80.0 becomes tailscale={example_plan().versions.tailscale}\n" in outcome.log
    assert "the rules of its firewall" in outcome.log
    assert machine.files() == before


def test_a_machine_of_this_tailnet_with_the_tag_may_stay_in_it(machine: LivedIn) -> None:
    in_tailnet(machine.sandbox)
    assert machine.run("--check").code == 0
    in_tailnet(machine.sandbox, server="https://login.tailscale.com")
    assert machine.run("--check").code == 0


def test_oracle_linux_is_asked_in_its_own_words(machine: LivedIn) -> None:
    box = machine.sandbox
    box.write("etc/os-release", 'ID="ol"\nVERSION_ID="9.6"\n')
    box.stub("rpm", 'cat "$ROOT/state/rpms"')
    box.write("state/rpms", "\nbash\nbash-5.1.8-9\n")
    plan = system_plan("oracle-9")
    assert machine.run("--check", plan=plan).code == 0
    box.write("state/rpms", "\nrunc\nrunc-1.2.4-2\n")
    outcome = machine.run("--check", plan=plan)
    assert outcome.code == REFUSED
    assert "the distribution's runc would have to go for containerd.io" in outcome.log
    assert outcome.log.count("what to do: ") == 1


@pytest.mark.parametrize(
    ("silent", "said"), [("systemctl", "systemctl does not answer"), ("dpkg-query", "cannot tell what")]
)
def test_what_does_not_answer_is_not_taken_for_free(machine: LivedIn, silent: str, said: str) -> None:
    machine.sandbox.stub(silent, "echo 'it timed out' >&2; exit 2")
    before = machine.files()
    outcome = machine.run()
    assert outcome.code == 1, outcome.log
    assert said in outcome.log
    assert machine.files() == before
