"""Answers questions that only a whole cluster can: the program that a verification sends to its control plane.

It makes one namespace with one short-lived pod on each node, lets them ask each other, and deletes it, whatever
happens: also when it is told to end, and when nobody listens any more. Should even that not come to pass, as in a power
cut, the pods end by themselves, and the next verification removes what they leave. Python 3.9 and its standard library.
"""

from __future__ import annotations

import calendar
import http.client
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

LABEL = "app.kubernetes.io/managed-by=meshstrap-verify"
# Whoever began so long ago cleans up no more. Seconds.
ABANDONED = 900
KUBECTL = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--request-timeout=20s")
# Until the pods run: the image has to come first.
START_SECONDS = 150
# All of it.
WHOLE_SECONDS = 400
OUTPUT = threading.Lock()


class Refused(Exception):
    """The API server, or kubectl, did not do what it was asked."""


def kubectl(*words: str, text: str = "", seconds: float = 60) -> str:
    """Run kubectl; what it prints."""
    try:
        ran = subprocess.run(
            [*KUBECTL, *words], input=text, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"kubectl {words[0]}: no end within {seconds:g} s") from None
    except OSError as error:
        raise Refused(f"kubectl: {error.strerror}") from None
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit {ran.returncode}"]
        raise Refused(f"kubectl {words[0]}: {said[-1]}")
    return ran.stdout


def objects(*words: str) -> list[dict[str, Any]]:
    """What ``kubectl get`` lists."""
    found: list[dict[str, Any]] = json.loads(kubectl("get", *words, "--output=json"))["items"]
    return found


def ready(thing: dict[str, Any]) -> bool:
    """Whether a node or a pod says that it is."""
    conditions = thing.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def why_not(pod: dict[str, Any]) -> str:
    """What keeps a pod from running, in its own words."""
    for one in pod["status"].get("containerStatuses", []):
        waiting = one.get("state", {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason')}: {waiting.get('message', '')}".rstrip(": ")
    return str(pod["status"].get("reason") or pod["status"].get("phase"))


def start(asked: dict[str, Any], name: str, nodes: list[str]) -> dict[str, dict[str, Any]]:
    """Make the pods and wait for them; the last word of each, by node."""
    deadline = time.monotonic() + START_SECONDS
    key, value = LABEL.split("=")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {key: value}}}
    items = [asked["service"], *(asked["pods"][node] for node in nodes)]
    kubectl("create", "--filename=-", text=json.dumps(namespace))
    # A namespace has its service account a moment later, and refuses pods until then.
    while not objects(f"--namespace={name}", "serviceaccounts") and time.monotonic() < deadline:
        time.sleep(0.2)
    bundle = {"apiVersion": "v1", "kind": "List", "items": items}
    kubectl("create", f"--namespace={name}", "--filename=-", text=json.dumps(bundle))
    while True:
        pods = {pod["spec"]["nodeName"]: pod for pod in objects(f"--namespace={name}", "pods")}
        if (all(map(ready, pods.values())) and endpoints(name) == len(pods)) or time.monotonic() > deadline:
            return pods
        time.sleep(0.5)


def endpoints(name: str) -> int:
    """How many pods stand behind the Service."""
    return sum(len(one.get("endpoints") or ()) for one in objects(f"--namespace={name}", "endpointslices"))


def ask_pod(asked: dict[str, Any], name: str, pod: dict[str, Any], questions: dict[str, Any]) -> dict[str, Any]:
    """What one pod finds, or why it could not be asked."""
    # The program on its input: words of the command travel in a URL.
    words = ("--", "python3", "-", "probe", json.dumps(questions))
    # Longer than a request: it is one connection for all that the pod does.
    place = (f"--namespace={name}", "--request-timeout=0", "--stdin", pod["metadata"]["name"])
    try:
        found: dict[str, Any] = json.loads(kubectl("exec", *place, *words, text=asked["program"], seconds=200))
    except (Refused, ValueError) as error:
        return {"error": str(error)}
    return found


def node_port(address: str, port: int) -> str:
    """Whether a node answers at the Service's port, each time: empty, or why not."""
    # Each connection leads to a pod of its own choice.
    for _ in range(6):
        connection = http.client.HTTPConnection(address, port, timeout=4)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()
    return ""


def ask_pods(asked: dict[str, Any], name: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything that takes pods."""
    names = [node["metadata"]["name"] for node in nodes if ready(node) and node["metadata"]["name"] in asked["pods"]]
    pods = start(asked, name, names)
    there = {node: pod for node, pod in pods.items() if ready(pod)}
    (service,) = objects(f"--namespace={name}", "services")
    addresses = {node: pod["status"]["podIP"] for node, pod in there.items()}
    hosts = {node: pod["status"]["hostIP"] for node, pod in there.items()}

    def ask(node: str) -> dict[str, Any]:
        peers = {other: address for other, address in addresses.items() if other != node}
        return ask_pod(
            asked, name, there[node], {**asked["questions"], "peers": peers, "service": service["spec"]["clusterIP"]}
        )

    port = service["spec"]["ports"][0]["nodePort"]
    pool = ThreadPoolExecutor(max_workers=16)
    try:
        asking = {node: pool.submit(ask, node) for node in there}
        found = {node: one.result() for node, one in asking.items()}
        # After the pods: until then every agent has heard of the new Service.
        reaching = {node: pool.submit(node_port, hosts[node], port) for node in there}
        reached = {node: one.result() for node, one in reaching.items()}
    finally:
        # Whoever is told to end does not wait for pods that still think.
        pool.shutdown(wait=False, cancel_futures=True)
    return {
        "lacking": {node: why_not(pod) for node, pod in pods.items() if node not in there},
        "pods": found,
        "node_port": reached,
    }


def ask(asked: dict[str, Any], name: str) -> dict[str, Any]:
    """All answers."""
    nodes = objects("nodes")
    told = [
        {
            "name": node["metadata"]["name"],
            "ready": ready(node),
            "addresses": [one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"],
        }
        for node in nodes
    ]
    system = objects("--all-namespaces", "pods,daemonsets")
    proxies = sorted({one["metadata"]["name"] for one in system if one["metadata"]["name"].startswith("kube-proxy")})
    resolvers = [one for one in system if one["metadata"].get("labels", {}).get("k8s-app") == "kube-dns" and ready(one)]
    return {
        "nodes": told,
        "proxies": proxies,
        "resolvers": sorted(one["spec"]["nodeName"] for one in resolvers),
        **ask_pods(asked, name, nodes),
    }


def sweep() -> None:
    """Remove what another verification could not."""
    for one in objects("namespaces", f"--selector={LABEL}"):
        born = calendar.timegm(time.strptime(one["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ"))
        if time.time() - born > ABANDONED:
            kubectl("delete", "namespace", one["metadata"]["name"], "--wait=false")


def remove(name: str) -> str:
    """Remove our namespace with all that is in it: empty, or why it is still there."""
    try:
        kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=60s", seconds=80)
    except Refused as error:
        return str(error)
    return ""


def say(text: str) -> None:
    """Print, one caller after the other."""
    with OUTPUT:
        os.write(1, text.encode())


def breathe() -> None:
    """Say each second that we are there; when nobody listens any more, end. ssh leaves no other sign of that."""
    while True:
        time.sleep(1)
        try:
            say("\n")
        except OSError:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def on_the_end(action: Any) -> None:
    """What becomes of a word to end, and of the time that is up."""
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM):
        signal.signal(one, action)


def end(number: int, _: object) -> None:
    """End in order."""
    raise SystemExit(128 + number)


def main(questions: str) -> None:
    """Answer what is asked in JSON, in JSON; an empty line each second says that the host is there."""
    on_the_end(end)
    signal.alarm(WHOLE_SECONDS)
    threading.Thread(target=breathe, daemon=True).start()
    name = f"meshstrap-verify-{secrets.token_hex(4)}"
    found: dict[str, Any] = {}
    code = 0
    try:
        sweep()
        found = ask(json.loads(questions), name)
    except Refused as error:
        found = {"error": str(error)}
    except SystemExit as error:
        found, code = {"error": "it was told to end, or took too long"}, int(str(error))
    finally:
        on_the_end(signal.SIG_IGN)
        found["left"] = remove(name)
    with suppress(OSError):
        say(f"\n{json.dumps(found)}\n")
    # Threads that still wait for a pod would only hold up the end.
    os._exit(code)
