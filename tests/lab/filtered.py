"""A packet filter to try packets on: a host and its neighbours, each a network namespace that nothing leaves.

A packet is followed by a frame that netfilter does not see. Both are handled by one CPU, in their order: once the frame
has arrived, whatever becomes of the packet has become of it, and nothing waits for a while and calls that a drop.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from netaddr import IPAddress

from meshstrap.verify.netfilter.packet import PROTOCOLS, Packet

T = TypeVar("T")

DEVICES = ("tailscale0", "ens3", "lxc1", "cilium_host")
HOST = IPAddress("192.0.2.1")
BEYOND = IPAddress("198.51.100.7")
LEAVES_BY = "lxc1"
"""The host's own address, one that it forwards to, and by which device."""

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, linux/sched.h
_IP = 0x0800
_MARKER = 0x88B5  # IEEE 802's first number for experiments
_SYN = 0x02
_LIBC = ctypes.CDLL(None, use_errno=True)


def _in_thread(work: Callable[[], T]) -> T:
    """A namespace is a thread's own."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def _new_network() -> int:
    def work() -> int:
        if _LIBC.unshare(_NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    return _in_thread(work)


class Filtered:
    """A host with some devices, each with a cable to its neighbour."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._host, self._neighbours = _new_network(), _new_network()
        for space in (self._host, self._neighbours):
            stack.callback(os.close, space)
        self._lay_cables()
        self._addresses = {name: self._hardware(name) for name in DEVICES}
        self._outside = {name: self._packets(self._neighbours, f"to-{name}") for name in DEVICES}
        self._inside = {name: self._packets(self._host, name) for name in DEVICES}
        self._local = [self._opened(self._host, socket.AF_INET, socket.SOCK_RAW, PROTOCOLS[n]) for n in ("tcp", "udp")]
        self._number = 20000

    def run(self, *argv: str, text: str | None = None, at: int | None = None) -> str:
        """A program in the host's network."""
        space = self._host if at is None else at
        inside = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{space}", *argv]
        done = subprocess.run(inside, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{argv}: {done.stderr}\n{text}"
        return done.stdout

    def load(self, iptables: str, nft: str) -> None:
        """The packet filter from now on, and nothing that was before."""
        self.run("nft", "-f", "-", text=f"flush ruleset\n{nft}")
        if iptables:
            self.run("iptables-restore", text=iptables)

    def shown(self) -> tuple[str, Any]:
        """What the host's programs say of it."""
        return self.run("iptables-save"), json.loads(self.run("nft", "-j", "list", "ruleset"))

    def passes(self, packet: Packet) -> bool:
        """Send a packet, and see whether it arrives."""
        self._number = self._number + 1 if self._number < 60000 else 20000
        for sockets in (self._local, self._outside.values(), self._inside.values()):
            for one in sockets:
                _drain(one)
        data = _datagram(packet, self._number)
        self._outside[packet.device].send(self._addresses[packet.device] + bytes(6) + struct.pack("!H", _IP) + data)
        self._mark(self._outside[packet.device], self._inside[packet.device])
        if packet.out:
            seen = self._mark(self._inside[packet.out], self._outside[packet.out])
            return any(_carries(frame[14:], self._number) for frame in seen if frame[12:14] == struct.pack("!H", _IP))
        return any(_carries(data, self._number) for one in self._local for data in _drain(one))

    def _mark(self, sender: socket.socket, receiver: socket.socket) -> list[bytes]:
        """Send a frame behind what was sent, and what came before it."""
        mark = bytes(6 * [0xFF]) + bytes(6) + struct.pack("!HI", _MARKER, self._number)
        sender.send(mark + bytes(60))
        seen: list[bytes] = []
        receiver.settimeout(10)
        while not (seen and seen[-1].startswith(mark)):
            seen.append(receiver.recv(2048))
        return seen

    def _lay_cables(self) -> None:
        neighbours = f"/proc/{os.getpid()}/fd/{self._neighbours}"
        for name in DEVICES:
            self.run("ip", "link", "add", name, "type", "veth", "peer", "name", f"to-{name}", "netns", neighbours)
            self.run("ip", "link", "set", f"to-{name}", "up", at=self._neighbours)
            for setting in ("rp_filter", "accept_redirects"):
                self.run("sysctl", "-qw", f"net.ipv4.conf.{name}.{setting}=0")
            self.run("ip", "link", "set", name, "up")
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", f"{HOST}/32", "dev", "ens3")
        self.run("ip", "route", "add", "default", "dev", "ens3")
        self.run("ip", "route", "add", f"{BEYOND}/32", "dev", LEAVES_BY)
        self.run("ip", "neigh", "add", str(BEYOND), "lladdr", "02:00:00:00:00:07", "nud", "permanent", "dev", LEAVES_BY)

    def _hardware(self, name: str) -> bytes:
        told = json.loads(self.run("ip", "-json", "link", "show", name))[0]["address"]
        return bytes.fromhex(told.replace(":", ""))

    def _packets(self, space: int, device: str) -> socket.socket:
        every = 3  # ETH_P_ALL, linux/if_ether.h
        made = self._opened(space, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every))
        made.bind((device, every))
        return made

    def _opened(self, space: int, *kind: int) -> socket.socket:
        def work() -> socket.socket:
            if _LIBC.setns(space, _NEW_NETWORK) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            return socket.socket(*kind)

        made = _in_thread(work)
        self._stack.callback(made.close)
        return made


def _drain(one: socket.socket) -> list[bytes]:
    one.settimeout(0)
    found: list[bytes] = []
    try:
        while True:
            found.append(one.recv(2048))
    except BlockingIOError:
        return found


def _sum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _datagram(packet: Packet, number: int) -> bytes:
    """A packet as IPv4, its source port the number by which it is known again."""
    protocol, source = PROTOCOLS[packet.protocol], int(packet.source or 0)
    target = int(BEYOND if packet.out else HOST)
    size = 20 if packet.protocol == "tcp" else 8

    def inner(checksum: int) -> bytes:
        if packet.protocol == "tcp":
            return struct.pack("!HHIIBBHHH", number, packet.port, 1, 0, 5 << 4, _SYN, 1024, checksum, 0)
        return struct.pack("!HHHH", number, packet.port, size, checksum)

    pseudo = struct.pack("!IIBBH", source, target, 0, protocol, size)
    # Zero would say of UDP that there is none.
    body = inner(_sum(pseudo + inner(0)) or 0xFFFF)

    def outer(checksum: int) -> bytes:
        return struct.pack("!BBHHHBBHII", 0x45, 0, 20 + size, number, 0, 64, protocol, checksum, source, target)

    return outer(_sum(outer(0))) + body


def _carries(data: bytes, number: int) -> bool:
    header = (data[0] & 15) * 4
    return data[9] in {PROTOCOLS["tcp"], PROTOCOLS["udp"]} and struct.unpack_from("!H", data, header)[0] == number


@contextmanager
def filtered() -> Iterator[Filtered]:
    """A host for as long as it is needed; its network goes with its last file."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        with ExitStack() as stack:
            yield Filtered(stack)
    finally:
        os.sched_setaffinity(0, before)
