"""What a host is asked, all of it at once: texts of files, who may read files, file systems, and what commands say.

Every command only looks. What might print a secret (a Secret, a key file, a log) is reduced on the host: a secret
never travels.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshstrap.fleet import questions_cluster
from meshstrap.fleet.question import Question
from meshstrap.plan.hosts import names
from meshstrap.plan.machines import KERNEL_MODULES
from meshstrap.plan.model import Plan

TEXTS = (
    "/etc/os-release",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/fstab",
    "/etc/oci-hostname.conf",
    "/etc/selinux/config",
    "/etc/modules",
    "/etc/modules-load.d/*.conf",
    "/run/modules-load.d/*.conf",
    "/usr/lib/modules-load.d/*.conf",
    "/etc/iptables/rules.v4",
    "/etc/firewalld/direct.xml",
    "/etc/ufw/ufw.conf",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
    "/etc/yum.repos.d/*.repo",
    "/etc/containerd/config.toml",
    "/etc/containerd/conf.d/*.toml",
    "/etc/containerd/certs.d/*/hosts.toml",
    "/etc/systemd/system/tailscaled.service.d/*.conf",
    "/var/lib/kubelet/config.yaml",
    "/etc/resolv.conf",
    "/run/systemd/resolve/resolv.conf",
    "/proc/swaps",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/class/dmi/id/chassis_asset_tag",
    *(f"/proc/sys/{name.replace('.', '/')}" for name in (*names.SYSCTLS, "net.ipv4.conf.all.src_valid_mark")),
    *names.STATUS_FILES,
    names.ADDRESS_RECORD,
)
"""Files that are read; none of them holds a secret. Patterns as of the shell."""

MODES = (
    names.SECRETS_FOLDER,
    f"{names.SECRETS_FOLDER}/*",
    "/var/lib/cloud/instances/*/user-data.txt*",
    "/var/lib/cloud/instances/*/cloud-config.txt",
    "/var/lib/tailscale/tailscaled.state",
    "/etc/kubernetes/*.conf",
    "/etc/kubernetes/pki/*.key",
    "/etc/kubernetes/pki/etcd/*.key",
    "/var/lib/kubelet/pki/*.pem",
    "/var/lib/kubelet/pki/*.key",
    *(f"/sys/module/{module}" for module in KERNEL_MODULES),
    "/sys/fs/selinux/enforce",
)
"""Files of which only owner and mode are asked, or whether they are there."""

SETTINGS = {
    "CONTAINER_RUNTIME_ENDPOINT": "unix:///run/containerd/containerd.sock",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}
"""Environment of the commands."""

UNITS = "containerd kubelet meshstrap meshstrap-mesh-rule tailscaled firewalld"
_UNIT_PROPERTIES = (
    "Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,ActiveEnterTimestamp,After,Wants,Requires,"
    "RequiresMountsFor,IPAddressDeny,MainPID"
)

# The place of a secret and how often, never the secret. Tailscale's keys and Headscale's, and kubeadm's tokens.
_SECRETS = r"""
pattern='(tskey|hskey)-(auth|client|api)-[A-Za-z0-9]{6,}|(^|[^A-Za-z0-9.-])[a-z0-9]{6}[.][a-z0-9]{16}([^A-Za-z0-9.-]|$)'
search() { local n; n=$(grep -acE "$pattern") || (($? == 1)) || exit 3; [[ $n == 0 ]] || echo "$1: $n lines"; }
"""
# A pair of quotes inside of the program text is one too many for the shell: this one is a here-document.
_RPM_FORMAT = r"%{NAME}\t%{VERSION}-%{RELEASE}\n"

MACHINE = (
    Question("hostname", "uname --nodename"),
    Question("kernel", "uname --kernel-release --machine"),
    Question("cpus", "nproc"),
    Question("now", "date +%s"),
    Question("clock", "timedatectl show --property=NTPSynchronized --value"),
    Question("cgroup", "stat --file-system --format=%T /sys/fs/cgroup"),
    # Targets are always there: an empty list means that systemd did not answer.
    Question("swap_units", "systemctl list-unit-files --type=swap,target --no-legend --plain"),
    Question("modules", f"for m in {' '.join(KERNEL_MODULES)}; do modprobe --show-depends $m; done", codes=(0, 1)),
    Question("sysctl_files", "systemd-analyze cat-config sysctl.d"),
    Question("selinux", "getenforce"),
    Question(
        "units",
        f"systemctl show --property={_UNIT_PROPERTIES} {' '.join(f'{u}.service' for u in UNITS.split())}",
    ),
    Question("addresses", "ip -json address show"),
    Question("rules", "ip -4 -details -json rule show"),
    Question("routes", "ip -4 -json route show table all"),
    Question(
        "marked_route",
        f'peer=$(ip -4 route show table {names.TAILNET_TABLE} | awk \'$1 ~ /^100[.]/ && $1 != "100.100.100.100" '
        "{ print $1; exit }'); [[ -n $peer ]] || { echo 'no other machine in the tailnet' >&2; exit 3; }; "
        f"ip -4 -json route get $peer mark {names.POD_IDENTITY_MARK}",
        codes=(0, 3),
    ),
    Question("iptables", "iptables-save"),
    Question(
        "firewalld",
        'systemctl is-active --quiet firewalld || exit 3; for life in running permanent; do echo "== $life"; '
        "flag=; [[ $life == running ]] || flag=--permanent; "
        "firewall-cmd $flag --zone=trusted --list-all && firewall-cmd $flag --list-ports || exit 1; done",
        codes=(0, 3),
    ),
    Question("listeners", "ss --no-header --tcp --listening --numeric"),
)

SOFTWARE = (
    Question("dpkg_audit", "dpkg --audit"),
    # Only what a repository is bound to: the system's own keyrings are many.
    Question(
        "keys",
        "command -v gpg >/dev/null || exit 127; "
        r"sed -nE 's/^Signed-By: *//p; s/.*signed-by=([^] ]+).*/\1/p; s|^gpgkey=file://||p' "
        "/etc/apt/sources.list.d/* /etc/yum.repos.d/*.repo 2>/dev/null | sort --unique | while read -r f; do "
        'echo "== $f"; gpg --batch --quiet --with-colons --show-keys "$f" 2>/dev/null; done; exit 0',
    ),
    Question(
        "programs",
        "for unit in containerd tailscaled kubelet; do pid=$(systemctl show --property=MainPID --value $unit); "
        '[[ $pid == 0 ]] || echo "$unit $(readlink /proc/$pid/exe)"; done',
    ),
    Question("containerd", "containerd config dump"),
    Question("cri", "crictl --timeout 10s info", codes=(0, 1)),
    Question("drift", f"bash {names.SCRIPT} --check 2>&1", codes=(0, 1), seconds=120),
    Question("steps", f"bash {names.SCRIPT} --list"),
)

TAILNET = (
    Question("tailnet", "timeout 15 tailscale status --json"),
    Question(
        "tailnet_settings",
        "timeout 15 tailscale debug prefs | python3 -c 'import json, sys; d = json.load(sys.stdin); "
        'print(json.dumps({name: d.get(name) for name in ("ControlURL", "CorpDNS", "RouteAll", "Hostname")}))\'',
    ),
    Question("tailscaled", "ps -ww -C tailscaled -o args=", codes=(0, 1)),
)

SECRETS = (
    Question(
        "secrets_in_logs",
        f"{_SECRETS}\nset -o pipefail\n"
        "journalctl --no-pager --output=cat --unit=meshstrap --unit='cloud-*' |"
        " search 'journal of meshstrap and cloud-init'\n"
        "journalctl --no-pager --output=cat --identifier=sudo | search 'journal of sudo'\n"
        "for f in /var/log/cloud-init.log /var/log/cloud-init-output.log; do [[ ! -f $f ]] || search $f <$f; done",
        seconds=60,
    ),
    Question(
        "secrets_in_processes",
        f'{_SECRETS}\ngrep --files-with-matches --text --no-messages --extended-regexp "$pattern" '
        "/proc/[0-9]*/cmdline |"
        ' while read -r f; do cat "${f%/cmdline}/comm"; done; exit 0',
    ),
    Question(
        "secrets_in_files",
        f"{_SECRETS}\nfor f in {names.SCRIPT} {names.STATUS_FILE}; do [[ ! -f $f ]] || search $f <$f; done",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Everything that one host is asked."""

    texts: tuple[str, ...]
    modes: tuple[str, ...]
    places: tuple[str, ...]
    commands: tuple[Question, ...]


def questions(plan: Plan, more: tuple[Question, ...] = ()) -> Questions:
    """What every host of a plan is asked, and ``more``. The same for all: which node a host is, is an answer, too."""
    devices = sorted({node.block_volume.device for node in plan.nodes if node.block_volume})
    probes = tuple(Question(f"probe {device}", f"blkid --probe --output export {device}") for device in devices)
    sizes = tuple(
        Question(f"size {device}", f"lsblk --noheadings --nodeps --bytes --output SIZE {device}") for device in devices
    )
    return Questions(
        texts=TEXTS,
        modes=(*MODES, *_login_kubeconfigs(plan)),
        places=("/", names.DATA_VOLUME, *names.DATA_USERS, *devices),
        commands=(
            *MACHINE,
            *SOFTWARE,
            *_packages(plan),
            *TAILNET,
            *SECRETS,
            *questions_cluster.COMMANDS,
            *probes,
            *sizes,
            *more,
        ),
    )


def _packages(plan: Plan) -> tuple[Question, ...]:
    """Versions of what any node of the plan installs; a name that is not installed makes either program exit 1."""
    wanted = {node.family: " ".join(one.name for one in node.packages) for node in plan.nodes}
    trusted = [line for line in plan.trusted_ca.splitlines() if line and not line.startswith("-")]
    bundles = "/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt"
    return (
        Question(
            "dpkg",
            rf"dpkg-query --show --showformat='${{Package}}\t${{Version}}\t${{Status}}\n' {wanted.get('apt', 'dpkg')}",
            codes=(0, 1),
        ),
        Question("rpm", f"rpm --query --queryformat '{_RPM_FORMAT}' {wanted.get('dnf', 'rpm')}", codes=(0, 1)),
        # Its second line differs from certificate to certificate; the first is much the same in all.
        *(
            Question("trusted_ca", f"cat {bundles} 2>/dev/null | grep --count --fixed-strings '{line}'", codes=(0, 1))
            for line in trusted[1:2]
        ),
    )


def _login_kubeconfigs(plan: Plan) -> tuple[str, ...]:
    users = sorted({node.login_user for node in plan.nodes if node.is_control_plane})
    return tuple(f"/home/{user}/.kube/config" for user in users)
