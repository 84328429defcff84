"""The image registry of the cluster lab: the CNCF's own, serving a folder as a mirror of the registries in use."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from tests.lab import leftovers
from tests.lab.process import Daemon, run, wait_until
from tests.lab.programs import program_folder

PORT = 5000
URL = f"http://registry.lab.test:{PORT}"
# Both forms that an inventory's mirror may have: with a path, as of a server that mirrors several registries, the URL
# names the API's root itself.
MIRRORS = {"registry.k8s.io": f"{URL}/v2/registry.k8s.io", "quay.io": URL}
_FOLDERS = {"registry.k8s.io": "registry.k8s.io/", "quay.io": ""}


def place(image: str) -> str:
    """Where the mirror holds an image: ``registry.k8s.io/pause:3.10.2`` is ``registry.k8s.io/pause:3.10.2`` there too,
    while ``quay.io/cilium/cilium:v1.20.2`` is ``cilium/cilium:v1.20.2``.
    """
    registry, _, rest = image.partition("/")
    return _FOLDERS[registry] + rest


def serve_registry(namespace: str, folder: Path, settings: Path, cache: Path, *, writable: bool = False) -> Daemon:
    """Serve the images of a folder on every address of a network namespace; returns once it answers.

    ``settings`` is a path for the server's configuration; its log, with a line for each request, lies beside it.
    """
    maintenance = {"readonly": {"enabled": not writable}, "uploadpurging": {"enabled": False}}
    configuration = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder)}, "maintenance": maintenance},
        # It signs the state of uploads by it, and has something to say without one.
        "http": {"addr": f":{PORT}", "secret": "lab"},
    }
    settings.write_text(yaml.safe_dump(configuration))
    program = program_folder("registry", cache) / "registry"
    # It would look for a collector of its traces.
    silent = ("env", "OTEL_TRACES_EXPORTER=none")
    command = ["ip", "netns", "exec", namespace, *silent, str(program), "serve", str(settings)]
    daemon = Daemon(command, settings.with_suffix(".log"))
    ask = ["ip", "netns", "exec", namespace, "curl", "-sf", f"http://127.0.0.1:{PORT}/v2/"]
    try:
        wait_until(lambda: run(ask).code == 0, f"the registry answers (see {settings.with_suffix('.log')})", seconds=30)
    except Exception:
        daemon.stop()
        raise
    return daemon


class PrivateNetwork:
    """A context: a network namespace with loopback alone. If killed, the next lab takes it away, ``folder`` with it."""

    def __init__(self, folder: Path) -> None:
        self._prefix = f"ms{os.getpid()}-images"
        self._folder = folder
        self.namespace = f"{self._prefix}-lo"

    def __enter__(self) -> str:
        leftovers.register(self._prefix, self._folder)
        run(["ip", "netns", "add", self.namespace]).check()
        run(["ip", "-n", self.namespace, "link", "set", "lo", "up"]).check()
        return self.namespace

    def __exit__(self, *_: object) -> None:
        run(["ip", "netns", "del", self.namespace])
        leftovers.forget(self._prefix)
