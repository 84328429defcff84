"""Networks of the lab: a public segment, and behind a NAT router each account's subnet, always the same one.

Made with ``ip netns`` and ``ip -n`` alone: the root namespace never sees an interface or an address of it, so no
packet can leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .process import Daemon, LabError, run

ROUTER = "10.0.0.1"
# Oracle's metadata service, resolver and NTP server, on every subnet.
LINK_LOCAL = "169.254.169.254"
# TEST-NET-3 of RFC 5737 plays the internet.
SERVERS = "203.0.113.20"
COORDINATION = "203.0.113.10"
# What every account's resolver answers.
NAMES = {
    "apt.lab.test": SERVERS,
    "archive.lab.test": SERVERS,
    "registry.lab.test": SERVERS,
    "headscale.lab.test": COORDINATION,
}

# How an account's router translates addresses. oci: a public address of the machine's own behind a stateful list
# without any ingress rule; oci-open: the same with tailscaled's port open; symmetric: another port for each peer, so
# that no direct path can be found; tcp-only: no UDP but name resolution, which the router itself does.
NAT_KINDS = ("oci", "oci-open", "symmetric", "tcp-only")


def _ip(*words: str) -> None:
    run(["ip", *words]).check()


@dataclass
class Segment:
    """The public segment: a bridge, and the address where the lab's own servers listen."""

    prefix: str

    @property
    def switch(self) -> str:
        """The namespace of the bridge."""
        return f"{self.prefix}-sw"

    @property
    def servers(self) -> str:
        """The namespace of the lab's servers."""
        return f"{self.prefix}-srv"

    def up(self) -> None:
        """Make it."""
        _ip("netns", "add", self.switch)
        _ip("-n", self.switch, "link", "add", "pub", "type", "bridge")
        _ip("-n", self.switch, "link", "set", "pub", "up")
        _ip("netns", "add", self.servers)
        _ip("-n", self.servers, "link", "set", "lo", "up")
        self.plug(self.servers, "eth0", "srv", f"{SERVERS}/24")

    def plug(self, namespace: str, device: str, port: str, address: str) -> None:
        """Join a namespace to the segment by a cable of its own."""
        _ip("-n", self.switch, "link", "add", f"p-{port}", "type", "veth", "peer", "name", device, "netns", namespace)
        _ip("-n", self.switch, "link", "set", f"p-{port}", "master", "pub", "up")
        _ip("-n", namespace, "link", "set", device, "up")
        _ip("-n", namespace, "addr", "add", address, "dev", device)

    def down(self) -> None:
        """Remove it."""
        for namespace in (self.servers, self.switch):
            run(["ip", "netns", "del", namespace])


@dataclass
class Account:
    """One cloud account: its router with DHCP and resolver, and the namespace of its machine."""

    segment: Segment
    name: str
    index: int
    folder: Path

    def __post_init__(self) -> None:
        self.router = f"{self.segment.prefix}-r-{self.name}"
        self.machine = f"{self.segment.prefix}-n-{self.name}"
        # Oracle's prefix; fixed, since a machine keeps its address over a reboot and a new veth would not.
        self.mac = f"02:00:17:00:00:{self.index:02x}"
        self.address = f"10.0.0.{self.index}"
        self.public = f"203.0.113.{100 + self.index}"
        self._daemons: list[Daemon] = []

    def up(self) -> None:
        """Make the router, its NAT, DHCP and resolver, and the machine's NIC."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _ip("netns", "add", self.router)
        _ip("-n", self.router, "link", "set", "lo", "up")
        self.segment.plug(self.router, "wan", self.name, f"{self.public}/24")
        run(["ip", "netns", "exec", self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1"]).check()
        self.translate("oci")
        self.plug_nic()
        self._serve_dhcp()

    def translate(self, kind: str) -> None:
        """Let the router translate addresses in another of the kinds above; connections that it knew are forgotten."""
        if kind not in NAT_KINDS:
            raise LabError(f"no such NAT: {kind}")
        leaving = "masquerade random,fully-random" if kind == "symmetric" else "masquerade persistent"
        arriving = f"iifname wan dnat to {self.address}" if kind.startswith("oci") else ""
        allowed = {"oci-open": "iifname wan udp dport 41641 accept", "tcp-only": "iifname lan meta l4proto udp drop"}
        rules = f"""
flush ruleset
table ip nat {{
  chain leaving {{ type nat hook postrouting priority srcnat; oifname wan {leaving}; }}
  chain arriving {{ type nat hook prerouting priority dstnat; {arriving}; }}
}}
table ip filter {{
  # Unsolicited packets must not make a connection entry of their own: it takes the port of the machine's.
  chain to_router {{ type filter hook input priority filter; iifname wan ct state new drop; }}
  chain through {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    {allowed.get(kind, "")}
    iifname lan oifname wan accept
  }}
}}
"""
        run(["ip", "netns", "exec", self.router, "nft", "-f", "-"], text=rules).check()
        run(["ip", "netns", "exec", self.router, "conntrack", "-F"]).check()

    def move(self, public: str) -> None:
        """Another public address, as an instance has that was stopped and started without a reserved one."""
        for verb, address in (("del", self.public), ("add", public)):
            _ip("-n", self.router, "addr", verb, f"{address}/24", "dev", "wan")
        self.public = public
        run(["ip", "netns", "exec", self.router, "conntrack", "-F"]).check()

    def limit(self, megabits: int) -> None:
        """Let what comes from the internet arrive at no more than so many Mbit/s; 0: as fast as this machine is."""
        port = ("dev", f"p-{self.name}", "root")
        run(["tc", "-n", self.segment.switch, "qdisc", "del", *port])
        if megabits:
            # A burst of a few of the 64 KiB that the kernel hands over at once; 50 ms of queue, as routers have.
            rate = ("tbf", "rate", f"{megabits}mbit", "burst", "256kb", "latency", "50ms")
            run(["tc", "-n", self.segment.switch, "qdisc", "add", *port, *rate]).check()

    def plug_nic(self) -> None:
        """The machine's namespace and NIC, anew, as after a power cut."""
        run(["ip", "netns", "del", self.machine])
        _ip("netns", "add", self.machine)
        run(["ip", "-n", self.router, "link", "del", "lan"])
        peer = ("type", "veth", "peer", "name", "ens3", "address", self.mac, "mtu", "9000", "netns", self.machine)
        _ip("-n", self.router, "link", "add", "lan", "mtu", "9000", *peer)
        for address in (f"{ROUTER}/24", f"{LINK_LOCAL}/32"):
            _ip("-n", self.router, "addr", "add", address, "dev", "lan")
        _ip("-n", self.router, "link", "set", "lan", "up")

    def _serve_dhcp(self) -> None:
        lines = [
            "interface=lan",
            "bind-dynamic",
            "no-resolv",
            "no-hosts",
            *(f"address=/{name}/{address}" for name, address in NAMES.items()),
            "dhcp-range=10.0.0.0,static,255.255.255.0,24h",
            f"dhcp-host={self.mac},{self.address},{self.name}",
            f"dhcp-option=option:router,{ROUTER}",
            "dhcp-option=26,9000",
            f"dhcp-option=option:dns-server,{LINK_LOCAL}",
            f"dhcp-option=121,169.254.0.0/16,0.0.0.0,0.0.0.0/0,{ROUTER}",
            "dhcp-authoritative",
            f"dhcp-leasefile={self.folder}/leases",
            f"pid-file={self.folder}/dnsmasq.pid",
            "user=root",
        ]
        settings = self.folder / "dnsmasq.conf"
        settings.write_text("\n".join(lines) + "\n")
        self.serve("dnsmasq", "-k", "-C", str(settings))

    def serve(self, *argv: str) -> Daemon:
        """Run a program in the router's namespace until the account goes down."""
        log = self.folder / f"{Path(argv[0]).name}.log"
        daemon = Daemon(["ip", "netns", "exec", self.router, *argv], log)
        self._daemons.append(daemon)
        return daemon

    def down(self) -> None:
        """Stop what it serves and remove it."""
        for daemon in self._daemons:
            daemon.stop()
        # With its namespace the cable would go a moment later, and the account's name be taken until then.
        run(["ip", "-n", self.segment.switch, "link", "del", f"p-{self.name}"])
        for namespace in (self.machine, self.router):
            run(["ip", "netns", "del", namespace])
