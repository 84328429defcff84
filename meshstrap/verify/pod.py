"""What runs in the short-lived pods of a cluster's verification: it answers its like, and asks on their behalf.

Its source text is the pods' own command, ``python3 -c``; it imports nothing but the standard library, and needs no
privilege. ``serve``: HTTP on 8080 says its node's name, or so many bytes; UDP on 8081 sends back what it got. ``probe``
with what is to be asked as JSON: prints the answers as JSON.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import random
import socket
import struct
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

HTTP_PORT = 8080
ECHO_PORT = 8081
ANSWER_SECONDS = 4
TRIES = 3
# Linux's numbers, which Python does not name (linux/in.h): whether to fragment, never.
IP_MTU_DISCOVER = 10
IP_PMTUDISC_DO = 2
# Headers of IPv4 and UDP. Bytes.
UDP_HEADERS = 28
KUBELET_PORT = 10250
DNS_PORT = 53


class Names(http.server.BaseHTTPRequestHandler):
    """``/``: the node's name; ``/4096``: so many bytes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        size = self.path.strip("/")
        body = bytes(int(size)) if size.isdigit() else os.environ["NODE"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def unfragmented() -> socket.socket:
    """A UDP socket whose packets carry the DF bit."""
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    return found


def echo() -> None:
    """Send back every packet, unfragmented as it came."""
    with unfragmented() as here:
        here.bind(("", ECHO_PORT))
        while True:
            try:
                packet, sender = here.recvfrom(65535)
                here.sendto(packet, sender)
            except OSError:
                # Of a packet that was too large some system's word comes back here; the next one is as good as any.
                continue


def serve() -> None:
    """Answer until the pod ends."""
    threading.Thread(target=echo, daemon=True).start()
    http.server.ThreadingHTTPServer(("", HTTP_PORT), Names).serve_forever()


def pass_through(address: str, size: int) -> str:
    """Whether one packet of so many bytes comes through and back: empty, or why not."""
    why = "no answer"
    for _ in range(TRIES):
        # Every try is its own, so that a late answer to another size is none.
        packet = os.urandom(16).ljust(size - UDP_HEADERS, b".")
        with unfragmented() as here:
            here.settimeout(ANSWER_SECONDS / TRIES)
            try:
                here.sendto(packet, (address, ECHO_PORT))
                if here.recv(65535) == packet:
                    return ""
            except socket.timeout:  # noqa: UP041 - another class before Python 3.10
                why = "no answer"
            except OSError as error:
                why = str(error.strerror)
    return why


def fetch(address: str, port: int, path: str = "/", seconds: float = ANSWER_SECONDS) -> bytes:
    """What a page says, over a connection of its own."""
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def transfer(address: str, size: int, seconds: float) -> dict[str, Any]:
    """Fetch so many bytes: seconds that it took, or why it did not come to an end."""
    began = time.monotonic()
    try:
        got = len(fetch(address, HTTP_PORT, f"/{size}", seconds))
    except (OSError, http.client.HTTPException) as error:
        return {"error": str(error) or type(error).__name__}
    return {"seconds": time.monotonic() - began} if got == size else {"error": f"{got} of {size} bytes"}


def backends(address: str, port: int, wanted: int) -> dict[str, Any]:
    """Names behind a Service, until all have answered or enough were asked; and the errors on the way."""
    seen: set[str] = set()
    errors: list[str] = []
    for _ in range(12 * wanted):
        try:
            seen.add(fetch(address, port).decode())
        except (OSError, http.client.HTTPException) as error:
            errors.append(str(error) or type(error).__name__)
        if len(seen) >= wanted or len(errors) >= TRIES:
            break
    return {"seen": sorted(seen), "errors": errors[:1]}


def opens(address: str, port: int) -> str:
    """Whether TCP connects: empty, or why not."""
    try:
        socket.create_connection((address, port), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        return str(error) or type(error).__name__
    return ""


def resolve(name: str) -> dict[str, Any]:
    """The addresses of a name as any program in a pod gets them."""
    try:
        return {"addresses": sorted({str(one[4][0]) for one in socket.getaddrinfo(name, 80, socket.AF_INET)})}
    except OSError as error:
        return {"error": str(error.strerror or error)}


def ask_server(server: str, name: str) -> str:
    """Ask one DNS server for the A records of a name (RFC 1035, 4.1): empty when it has some, or why not."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    number = random.randrange(65536)  # noqa: S311 - tells answers apart, no more
    question = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    why = "no answer"
    for _ in range(TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            here.settimeout(ANSWER_SECONDS / TRIES)
            try:
                here.sendto(question, (server, DNS_PORT))
                told = struct.unpack("!6H", here.recv(4096)[:12])
            except OSError as error:
                why = str(error) or "no answer"
                continue
        if told[0] == number:
            return "" if told[3] else f"no address (code {told[1] & 15})"
    return why


def probe(asked: dict[str, Any]) -> dict[str, Any]:
    """All answers of this pod; ``peers``: address of each other pod, by node."""
    peers, mtu, size = asked["peers"], asked["mtu"], asked["bytes"]
    with ThreadPoolExecutor(max_workers=16) as pool:
        exact = {node: pool.submit(pass_through, address, mtu) for node, address in peers.items()}
        larger = {node: pool.submit(pass_through, address, mtu + 1) for node, address in peers.items()}
        names = {name: pool.submit(resolve, name) for name in asked["names"]}
        others: dict[str, Future[Any]] = {
            "metadata": pool.submit(opens, asked["metadata"], 80),
            "resolver": pool.submit(ask_server, asked["metadata"], asked["names"][-1]),
            "kubelet": pool.submit(opens, os.environ["HOST"], KUBELET_PORT),
        }
        found: dict[str, Any] = {name: one.result() for name, one in others.items()}
        for name, answers in (("exact", exact), ("larger", larger), ("names", names)):
            found[name] = {key: one.result() for key, one in answers.items()}
    # By now every agent has heard of the Service, which is as young as this pod.
    found["service"] = backends(asked["service"], 80, len(peers) + 1)
    # One after the other and last: they would only measure each other.
    found["transfer"] = {node: transfer(address, size, asked["seconds"]) for node, address in peers.items()}
    return found


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        sys.stdout.write(json.dumps(probe(json.loads(sys.argv[2]))))
