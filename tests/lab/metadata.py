"""A metadata service that behaves as Oracle's, version 2.

Run as a program in an account's router: ``python3 metadata.py FOLDER`` serves ``FOLDER/instance.json`` and
``FOLDER/vnics.json``. A request without the header ``Authorization: Bearer Oracle`` gets 404, as on OCI.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADDRESS = ("169.254.169.254", 80)
# Bytes of all metadata of an instance together (oracle/oci-python-sdk, launch_instance_details.py).
METADATA_LIMIT = 32_000


class MetadataTooLarge(Exception):
    """Oracle refuses to launch an instance with more metadata than its limit."""


def write_instance(folder: Path, *, name: str, mac: str, address: str, user_data: str, ssh_keys: str) -> None:
    """Launch an instance: its metadata, held to Oracle's limit. ``user_data`` is base64."""
    metadata = {"ssh_authorized_keys": ssh_keys, "user_data": user_data}
    size = sum(len(value) for value in metadata.values())
    if size > METADATA_LIMIT:
        message = (
            f"400 InvalidParameter: Metadata size is {size} bytes and cannot be larger than {METADATA_LIMIT} bytes"
        )
        raise MetadataTooLarge(message)
    instance = {
        "availabilityDomain": "Uocm:AP-CHUNCHEON-1-AD-1",
        "canonicalRegionName": "ap-chuncheon-1",
        "displayName": name,
        "faultDomain": "FAULT-DOMAIN-1",
        "hostname": f"instance-{name}",
        "id": f"ocid1.instance.oc1.ap-chuncheon-1.{name}",
        "metadata": metadata,
        "ociAdName": "ap-chuncheon-1-ad-1",
        "region": "ap-chuncheon-1",
        "shape": "VM.Standard.A1.Flex",
        "state": "Running",
    }
    vnic = {
        "macAddr": mac,
        "privateIp": address,
        "subnetCidrBlock": "10.0.0.0/24",
        "virtualRouterIp": "10.0.0.1",
        "vlanTag": 0,
        "vnicId": f"ocid1.vnic.oc1.ap-chuncheon-1.{name}",
    }
    (folder / "instance.json").write_text(json.dumps(instance, indent=1))
    (folder / "vnics.json").write_text(json.dumps([vnic], indent=1))


class _Handler(BaseHTTPRequestHandler):
    folder = Path()

    def do_GET(self) -> None:
        parts = [part for part in self.path.split("/") if part]
        if self.headers.get("Authorization") != "Bearer Oracle" or parts[:2] != ["opc", "v2"]:
            self._answer(404, "{}")
            return
        found: object = {name: json.loads((self.folder / f"{name}.json").read_text()) for name in ("instance", "vnics")}
        try:
            for part in parts[2:]:
                found = found[int(part)] if isinstance(found, list) else found[part]  # type: ignore[index] # checked below
        except (KeyError, IndexError, TypeError, ValueError):
            self._answer(404, "{}")
            return
        self._answer(200, found if isinstance(found, str) else json.dumps(found, indent=1))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    _Handler.folder = Path(sys.argv[1])
    ThreadingHTTPServer(ADDRESS, _Handler).serve_forever()
