"""Faults of the machine: topics machine, storage, firewall, packages, containerd."""

from __future__ import annotations

from tests.unit.hosts.faults import WORKER, data, drop, fault, mode, out, place, put, says, text, touch, unit
from tests.unit.hosts.green import GIB, NOW

IPV4 = "/proc/sys/net/ipv4"
RULES = "/etc/iptables/rules.v4"
KEYS = "https://pkgs.k8s.io/core:/stable:/v1.36/deb/"
KUBERNETES = "/etc/apt/sources.list.d/meshstrap-kubernetes.sources"
INTERFACE = "-A INPUT -i tailscale0 -j ACCEPT\n"
OTHER_KEY = "0123456789ABCDEF0123456789ABCDEF01234567"

MACHINE = (
    fault("machine", "the system is the planned one", text("/etc/os-release", "24.04", "22.04"), "ubuntu-22.04"),
    fault("machine", "the system is the planned one", text("/etc/os-release", "9.6", "8.10"), "oracle-8", WORKER),
    fault("machine", "the processor is the planned one", out("kernel", "aarch64", "x86_64"), "x86_64"),
    fault("machine", "the kernel runs cilium", out("kernel", "6.8.0", "5.4.17"), "5.4.17-1020-oracle"),
    fault("machine", "cgroups are version two", says("cgroup", "tmpfs"), "tmpfs"),
    fault("machine", "the cpus suffice", says("cpus", "1"), "1"),
    fault("machine", "the memory suffices", text("/proc/meminfo", "12345678", "1000000"), "976 MiB"),
    fault("machine", "the clock is synchronised", says("clock", "no"), "not synchronised"),
    fault("machine", "the hostname is the nodes name", says("hostname", "instance-1"), "instance-1"),
    fault("machine", "the hostname is kept", put("/etc/hostname", "instance-1\n"), "/etc/hostname says instance-1"),
    fault("machine", "the hostname is kept", drop("texts", "/etc/hostname"), "/etc/hostname says nothing"),
    fault(
        "machine",
        "the hostname is kept",
        put("/etc/oci-hostname.conf", "PRESERVE_HOSTINFO=0\n"),
        "PRESERVE_HOSTINFO=0",
        WORKER,
    ),
    fault(
        "machine",
        "the hostname resolves without dns",
        text("/etc/hosts", "127.0.1.1 cp1", "# cp1"),
        "no line of /etc/hosts",
    ),
    fault("machine", "no swap is in use", put("/proc/swaps", "Filename\n/swapfile file 1 0 -2\n"), "/swapfile"),
    fault("machine", "no swap comes back at boot", text("/etc/fstab", "# /swap", "/swap"), "fstab: /swap"),
    fault(
        "machine",
        "no swap comes back at boot",
        out("swap_units", "dev-zram0.swap masked", "dev-zram0.swap generated"),
        "dev-zram0.swap",
    ),
    fault(
        "machine",
        "kernel modules are loaded",
        out("modules", "builtin br_netfilter", "insmod br_netfilter.ko"),
        "not loaded: br_netfilter",
    ),
    fault(
        "machine",
        "kernel modules are loaded at every boot",
        put("/etc/modules-load.d/meshstrap.conf", "overlay\n# br_netfilter\n"),
        "in no file: br_netfilter",
    ),
    fault(
        "machine",
        "kernel settings are in force",
        put(f"{IPV4}/conf/all/rp_filter", "1\n"),
        "net.ipv4.conf.all.rp_filter = 1",
    ),
    fault(
        "machine", "kernel settings are in force", drop("texts", f"{IPV4}/ip_forward"), "net.ipv4.ip_forward = unknown"
    ),
    fault(
        "machine",
        "kernel settings come back at every boot",
        out("sysctl_files", "max_user_watches = 1048576\n", "max_user_watches = 1048576\nnet.ipv4.ip_forward=0\n"),
        "net.ipv4.ip_forward = 0",
    ),
    fault(
        "machine",
        "kernel settings come back at every boot",
        out("sysctl_files", "net.ipv4.conf.default.rp_filter = 0\n", ""),
        "net.ipv4.conf.default.rp_filter = 1",
    ),
    fault("machine", "selinux is as planned", says("selinux", "Enforcing"), "Enforcing now", WORKER),
    fault(
        "machine",
        "selinux is as planned",
        text("/etc/selinux/config", "=permissive", "=enforcing"),
        "enforcing at the next boot",
        WORKER,
    ),
)

STORAGE = (
    fault("storage", "the root disk is large enough", place("/", bytes=8 * GIB, free=7 * GIB), "8.0 GiB"),
    fault("storage", "every file system has room", place("/", free=2 * GIB), "/: 4.2 % free, 90.0 % of inodes"),
    fault("storage", "every file system has room", place("/", free_inodes=10), "/: 62.5 % free, 1.0 % of inodes"),
    fault(
        "storage",
        "the volume is mounted",
        place("/var/lib/meshstrap-data", device="8:1"),
        "/var/lib/meshstrap-data lies on device 8:1",
    ),
    fault("storage", "the volume is mounted", drop("places", "/var/lib/meshstrap-data"), "lies on device none"),
    fault(
        "storage",
        "the volume is mounted by uuid and never stops a boot",
        text("/etc/fstab", ",nofail", ""),
        "options noatime,x-systemd",
    ),
    fault(
        "storage",
        "the volume is mounted by uuid and never stops a boot",
        text("/etc/fstab", "UUID=25f4-26dc", "/dev/sdb"),
        "/dev/sdb in fstab",
    ),
    fault(
        "storage",
        "the volume is mounted by uuid and never stops a boot",
        text("/etc/fstab", "UUID=25f4-26dc", "# UUID"),
        "0 lines of fstab",
    ),
    fault(
        "storage",
        "the volume carries containers and pods",
        place("/var/lib/containerd", device="8:1"),
        "/var/lib/containerd on device 8:1",
    ),
    fault(
        "storage",
        "the volume carries containers and pods",
        drop("places", "/var/log/pods"),
        "/var/log/pods on device none",
    ),
    fault(
        "storage",
        "nothing starts before the volume is there",
        unit("containerd", "RequiresMountsFor", "/var/lib/kubelet /var/log/pods"),
        "containerd does not wait for /var/lib/containerd",
    ),
    fault("storage", "the volume has the planned size", says("size /dev/oracleoci/oraclevdb", str(50 * GIB)), "54 GB"),
)

FIREWALL = (
    fault("firewall", "the mesh and the pods get through", out("iptables", INTERFACE, ""), "INPUT -i tailscale0"),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out("iptables", ":FORWARD ACCEPT [0:0]\n", ":FORWARD ACCEPT [0:0]\n-A FORWARD -j DROP\n"),
        "FORWARD -s 10.244.0.0/16, FORWARD -d 10.244.0.0/16",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through",
        out(
            "firewalld",
            "interfaces: tailscale0\n  sources: 10.244.0.0/16\n41641/udp\n==",
            "interfaces: \n  sources: 10.244.0.0/16\n41641/udp\n==",
        ),
        "not trusted: tailscale0",
        WORKER,
    ),
    fault(
        "firewall",
        "the mesh and the pods get through after a boot",
        text(RULES, "-A FORWARD -d 10.244.0.0/16 -j ACCEPT\n", ""),
        "FORWARD -d 10.244.0.0/16",
    ),
    fault(
        "firewall",
        "the mesh and the pods get through after a boot",
        out(
            "firewalld",
            "== permanent\ntrusted (active)\n  target: ACCEPT\n  interfaces: tailscale0\n  sources: 10.244.0.0/16",
            "== permanent\n  interfaces: tailscale0\n  sources:",
        ),
        "not trusted permanently: 10.244.0.0/16",
        WORKER,
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out(
            "iptables",
            "-A InstanceServices -d 169.254.0.2/32 -p tcp -m owner",
            "-A Other -d 169.254.0.2/32 -p tcp -m owner",
        ),
        "1 of 15 rules are not live",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out("iptables", "-A OUTPUT -d 169.254.0.0/16 -j InstanceServices\n", ""),
        "no rule of OUTPUT leads to them",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out("iptables", "-A OUTPUT -d 169", "-A OUTPUT -j ACCEPT\n-A OUTPUT -d 169"),
        "OUTPUT accepts everything before them",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        text(RULES, "-A InstanceServices ", "-A Other "),
        "the image's own file has none of them left",
    ),
    fault(
        "firewall",
        "the instance services rules are intact",
        out("iptables", "169.254.0.3/32", "169.254.0.9/32"),
        "1 of 2 rules are not live",
        WORKER,
    ),
    fault(
        "firewall",
        "nothing of others is frozen in the saved rules",
        text(RULES, ":OUTPUT", ":ts-input - [0:0]\n:OUTPUT"),
        "ts-input",
    ),
    fault(
        "firewall",
        "nothing of others is frozen in the saved rules",
        text(RULES, "COMMIT", "[9:9] -A CILIUM_FORWARD -j ACCEPT\nCOMMIT"),
        "CILIUM_FORWARD",
    ),
    fault("firewall", "ufw is not enabled", put("/etc/ufw/ufw.conf", "# x\nENABLED=yes\n"), "enabled"),
)

PACKAGES = (
    fault(
        "packages",
        "every package has the planned version",
        out("dpkg", "kubelet\t1.36.3-1.1", "kubelet\t1.36.9-1.1"),
        "kubelet 1.36.9-1.1",
    ),
    fault(
        "packages",
        "every package has the planned version",
        out("dpkg", "1:9.9-1\tinstall ok installed", "1:9.9-1\tdeinstall ok config-files"),
        "not installed",
    ),
    fault(
        "packages",
        "every package has the planned version",
        out("rpm", "tailscale\t1.102.5-1.1\n", "package tailscale is not installed\n"),
        "tailscale not installed",
        WORKER,
    ),
    fault(
        "packages",
        "every planned package is held",
        out("dpkg", "tailscale\t1.102.5\thold", "tailscale\t1.102.5\tinstall"),
        "not held: tailscale",
    ),
    fault(
        "packages",
        "every planned package is held",
        text("/etc/yum.repos.d/meshstrap-containerd.repo", "excludepkgs=containerd.io", ""),
        "not held: containerd.io",
        WORKER,
    ),
    fault(
        "packages",
        "packages come from the planned repositories",
        text(KUBERNETES, KEYS, "http://elsewhere.example.net/"),
        "kubernetes",
    ),
    fault(
        "packages",
        "packages come from the planned repositories",
        text(KUBERNETES, "Types:", "Enabled: no\nTypes:"),
        "not configured, or switched off: kubernetes",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        out("keys", "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", OTHER_KEY),
        f"containerd is bound to {OTHER_KEY}",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        text("/etc/apt/sources.list.d/docker.list", " signed-by=/etc/apt/keyrings/docker.asc", " trusted=yes"),
        "containerd is bound to no key",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        text(KUBERNETES, "meshstrap-kubernetes.asc", "gone.asc"),
        "kubernetes: no key in /etc/apt/keyrings/gone.asc",
    ),
    fault(
        "packages",
        "every repository is bound to its own key",
        text("/etc/yum.repos.d/meshstrap-tailscale.repo", "gpgcheck=1", "gpgcheck=0"),
        "tailscale is bound to no key",
        WORKER,
    ),
    fault(
        "packages",
        "no package is half installed",
        says("dpkg_audit", "The following packages are only half installed:\n kubelet"),
        "half installed",
    ),
    fault(
        "packages",
        "the running programs are the installed ones",
        out("programs", "tailscaled\nk", "tailscaled (deleted)\nk"),
        "tailscaled /usr/sbin/tailscaled (deleted)",
    ),
    fault("packages", "the private ca is trusted", says("trusted_ca", "0", 1), "not among the system's certificates"),
)

CONTAINERD = (
    fault(
        "containerd",
        "the runtime answers",
        says("cri", "", 1, "level=fatal\nunknown service runtime.v1.RuntimeService"),
        "unknown service",
    ),
    fault(
        "containerd",
        "the runtime answers",
        data("cri", lambda told: told["status"]["conditions"][0].update(status=False, message="broken")),
        "RuntimeReady: broken",
    ),
    fault(
        "containerd",
        "cgroups are systemds",
        out("containerd", "SystemdCgroup = true", "SystemdCgroup = false"),
        "SystemdCgroup = false",
    ),
    fault(
        "containerd",
        "the sandbox image is pinned",
        out("containerd", "pause:3.10.2", "pause:3.8"),
        "registry.k8s.io/pause:3.8",
    ),
    fault(
        "containerd",
        "containerd has read its latest configuration",
        touch("/etc/containerd/config.toml", NOW - 60),
        "/etc/containerd/config.toml was changed after containerd was started",
    ),
    fault(
        "containerd",
        "containerd has read its latest configuration",
        unit("containerd", "NeedDaemonReload", "yes"),
        "systemd has not read",
    ),
    fault(
        "containerd",
        "containerd has read its latest configuration",
        unit("containerd", "ActiveState", "failed"),
        "containerd is failed",
    ),
    fault("containerd", "containerd starts at every boot", unit("containerd", "UnitFileState", "disabled"), "disabled"),
    fault(
        "containerd",
        "images come from the planned mirrors",
        text("/etc/containerd/certs.d/registry.k8s.io/hosts.toml", "[host", "# [host"),
        "registry.k8s.io from its own",
    ),
)

SECRETS = (
    fault(
        "secrets", "the auth key is gone", mode("/etc/meshstrap/secrets/auth_key"), "/etc/meshstrap/secrets/auth_key"
    ),
    fault(
        "secrets", "the bootstrap tokens are gone", mode("/etc/meshstrap/secrets/bootstrap_tokens"), "bootstrap_tokens"
    ),
    fault(
        "secrets",
        "the bootstrap tokens are gone",
        mode("/etc/kubernetes/bootstrap-kubelet.conf"),
        "bootstrap-kubelet.conf",
        WORKER,
    ),
    fault(
        "secrets",
        "what was handed over is roots alone",
        mode("/var/lib/cloud/instances/i/user-data.txt", mode="0644"),
        "user-data.txt is root's, 0644",
    ),
    fault(
        "secrets",
        "what was handed over is roots alone",
        mode("/var/lib/tailscale/tailscaled.state", owner="ubuntu"),
        "tailscaled.state is ubuntu's",
    ),
    fault(
        "secrets",
        "the clusters keys are roots alone",
        mode("/etc/kubernetes/pki/ca.key", mode="0640"),
        "/etc/kubernetes/pki/ca.key is root's, 0640",
    ),
    fault(
        "secrets",
        "no log holds a secret",
        says("secrets_in_logs", "/var/log/cloud-init-output.log: 2 lines\n"),
        "/var/log/cloud-init-output.log: 2 lines",
    ),
    fault(
        "secrets",
        "no process shows a secret",
        says("secrets_in_processes", "tailscale\ntailscale\n"),
        "on the command line of tailscale",
    ),
    fault(
        "secrets",
        "script and status hold no secret",
        says("secrets_in_files", "/opt/meshstrap/bootstrap.sh: 1 lines\n"),
        "bootstrap.sh: 1 lines",
    ),
)

FAULTS = (*MACHINE, *STORAGE, *FIREWALL, *PACKAGES, *CONTAINERD, *SECRETS)
