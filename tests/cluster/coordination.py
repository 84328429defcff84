"""The tailnet's coordination server: a real Headscale with its own relay, behind TLS of a private CA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import trustme
import yaml

from meshstrap.inventory import parse_inventory
from meshstrap.plan import derive_plan
from meshstrap.views.policy import policy_text
from tests.lab.network import COORDINATION, Segment
from tests.lab.process import Daemon, Result, run, wait_until

NAME = "headscale.lab.test"
URL = f"https://{NAME}"
TAG = "tag:k8s-node"
RELAY = 999

# What the lab's policy is made from: nothing else of an inventory changes it.
_INVENTORY = f"""
cluster: {{name: lab}}
tailnet: {{login_server: '{URL}', tags: ['{TAG}']}}
accounts: [{{name: alice}}]
nodes: [{{name: cp1, account: alice, role: control-plane}}]
"""


class Headscale:
    """A Headscale in a network namespace of its own, so that it can be out of reach."""

    def __init__(self, segment: Segment, folder: Path, programs: Path) -> None:
        self._segment = segment
        self._folder = folder
        self._program = programs / "headscale"
        self._daemon: Daemon | None = None
        self.namespace = f"{segment.prefix}-hs"
        folder.mkdir(parents=True)
        self.trusted_ca = self._certify()
        self._configure()
        run(["ip", "netns", "add", self.namespace]).check()
        run(["ip", "-n", self.namespace, "link", "set", "lo", "up"]).check()
        segment.plug(self.namespace, "eth0", "hs", f"{COORDINATION}/24")

    def _certify(self) -> str:
        authority = trustme.CA(organization_name="lab")
        certificate = authority.issue_cert(NAME, COORDINATION)
        certificate.private_key_and_cert_chain_pem.write_to_path(self._folder / "server.pem")
        return authority.cert_pem.bytes().decode()

    def _configure(self) -> None:
        settings = {
            "server_url": f"{URL}:443",
            "listen_addr": f"{COORDINATION}:443",
            "metrics_listen_addr": "127.0.0.1:9090",
            "grpc_listen_addr": "127.0.0.1:50443",
            "noise": {"private_key_path": f"{self._folder}/noise.key"},
            "prefixes": {"v4": "100.64.0.0/10", "v6": "fd7a:115c:a1e0::/48", "allocation": "sequential"},
            "derp": {
                "server": {
                    "enabled": True,
                    "region_id": RELAY,
                    "region_code": "lab",
                    "region_name": "lab",
                    "verify_clients": True,
                    "stun_listen_addr": f"{COORDINATION}:3478",
                    "private_key_path": f"{self._folder}/derp.key",
                    "automatically_add_embedded_derp_region": True,
                    "ipv4": COORDINATION,
                },
                "urls": [],
                "paths": [],
                "auto_update_enabled": False,
            },
            "disable_check_updates": True,
            "node": {"expiry": 0, "ephemeral": {"inactivity_timeout": "30m"}},
            "database": {"type": "sqlite", "sqlite": {"path": f"{self._folder}/db.sqlite"}},
            "tls_cert_path": f"{self._folder}/server.pem",
            "tls_key_path": f"{self._folder}/server.pem",
            "policy": {"mode": "file", "path": f"{self._folder}/policy.hujson"},
            "dns": {
                "magic_dns": True,
                "base_domain": "tailnet.lab.test",
                "override_local_dns": False,
                "nameservers": {"global": []},
            },
            "unix_socket": f"{self._folder}/headscale.sock",
            "logtail": {"enabled": False},
        }
        (self._folder / "config.yaml").write_text(yaml.safe_dump(settings))
        # The product's own: what it leaves out, no node gets.
        plan = derive_plan(parse_inventory(_INVENTORY, "policy"))
        (self._folder / "policy.hujson").write_text(policy_text(plan))

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["ip", "netns", "exec", self.namespace, str(self._program), "serve", "--config", self._settings]
        self._daemon = Daemon(command, self._folder / "headscale.log")
        wait_until(lambda: self._command("users", "list").code == 0, "Headscale answers", seconds=60)
        if not any(user["name"] == "lab" for user in self._ask("users", "list")):
            self._command("users", "create", "lab").check()

    def stop(self) -> None:
        """End it; what it knows stays."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None

    def down(self) -> None:
        """End it and take its network away."""
        self.stop()
        run(["ip", "-n", self._segment.switch, "link", "del", "p-hs"])
        run(["ip", "netns", "del", self.namespace])

    @property
    def _settings(self) -> str:
        return str(self._folder / "config.yaml")

    def _command(self, *words: str) -> Result:
        return run([str(self._program), *words, "--config", self._settings, "--output", "json"])

    def _ask(self, *words: str) -> Any:
        return json.loads(self._command(*words).check().out) or []

    def judge_policy(self, text: str) -> Result:
        """What the server says of a policy, without taking it."""
        file = self._folder / "judged.hujson"
        file.write_text(text)
        return self._command("policy", "check", "--file", str(file))

    def take_policy(self, text: str) -> None:
        """Live with another policy, as after an edit of its file and a restart."""
        (self._folder / "policy.hujson").write_text(text)
        self.stop()
        self.start()

    def approve(self, name: str, routes: str) -> None:
        """Approve routes of a node by hand: subnets with commas between."""
        for node in self.nodes():
            if node["given_name"] == name:
                self._command("nodes", "approve-routes", "--identifier", str(node["id"]), "--routes", routes).check()

    def mint_key(self, *, tag: str = TAG, lifetime: str = "24h") -> str:
        """A single-use key that carries the tag."""
        minted = self._ask("preauthkeys", "create", "--tags", tag, "--expiration", lifetime)
        return str(minted["key"])

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes that it knows."""
        known: list[dict[str, Any]] = self._ask("nodes", "list")
        return known

    def revive(self, name: str) -> None:
        """Take away the expiry of a node that expired or was logged out."""
        for node in self.nodes():
            if node["given_name"] == name:
                self._command("nodes", "expire", "--disable", "--identifier", str(node["id"])).check()

    def delete(self, name: str) -> None:
        """Forget a node, as a person does who removes a machine for good."""
        for node in self.nodes():
            if node["given_name"] == name:
                self._command("nodes", "delete", "--identifier", str(node["id"]), "--force").check()
