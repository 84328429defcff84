"""Topic lifetimes: whatever has an end date was renewed in time. A month before the end it is said, in yellow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from meshstrap.plan import NodePlan, Plan
from meshstrap.plan.names import LIFETIME_DAYS
from meshstrap.verify.answers import CannotTell
from meshstrap.verify.check import Topic
from meshstrap.verify.kubernetes import API, SYSTEM
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question
from meshstrap.verify.reading import days_left
from meshstrap.verify.sources import sources

_SHOW = r"""show() { printf '%s %s\n' "$1" "$(openssl x509 -noout -enddate)"; }"""

_KUBEADMS = rf"""{_SHOW}
for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do show "$f" <"$f" || exit 3; done
for f in admin controller-manager scheduler; do
  f=/etc/kubernetes/$f.conf
  sed -n 's/^ *client-certificate-data: //p' "$f" | base64 -d | show "$f" || exit 3
done"""

_KUBELETS = rf"""{_SHOW}
cd /var/lib/kubelet/pki || exit 3
for f in kubelet-client-current.pem kubelet-server-current.pem kubelet.crt; do [[ ! -e $f ]] || show "$f" <"$f"; done"""

# Where Debian and Ubuntu, and where Oracle Linux keep it. Of several in the file the first is asked for.
_PRIVATE_CA = rf"""{_SHOW}
for f in /usr/local/share/ca-certificates/meshstrap.crt /etc/pki/ca-trust/source/anchors/meshstrap.crt; do
  [[ ! -e $f ]] || show "$f" <"$f"
done"""

# Of a Secret only the certificate leaves the host.
_HUBBLES = (
    f"set -o pipefail; {_SHOW}; {API} {SYSTEM}/secrets | python3 -c 'import base64, json, sys; "
    '[print(item["metadata"]["name"], item["data"][key]) for item in json.load(sys.stdin)["items"] '
    'for key in ("tls.crt", "ca.crt") if item["metadata"]["name"].startswith(("hubble-", "cilium-ca")) '
    'and key in item["data"]]\' | while read -r name text; do base64 -d <<<"$text" | show "$name"; done'
)


def asks(plan: Plan) -> Asked:
    """When certificates end; package_sources and tailnet ask for what else there is."""
    del plan
    return Asked(
        commands=(
            Question("certificates", _KUBEADMS),
            Question("kubelet_certificates", _KUBELETS),
            Question("hubble_certificates", _HUBBLES),
            Question("private_ca", _PRIVATE_CA),
        )
    )


def values(plan: Plan, node: NodePlan) -> Mapping[str, object]:
    """What the texts name."""
    del plan, node
    return {"month": f"good for {LIFETIME_DAYS} days or more"}


TOPIC = Topic("lifetimes", __file__, asks=asks, values=values)


def last(machine: Machine, left: Mapping[str, float]) -> None:
    """Expect that none of it has ended, and warn where it ends within a month; values are days."""
    ended = [f"{name}: ended {-days:.1f} days ago" for name, days in left.items() if days <= 0]
    machine.expect(not ended, ended)
    soon = [f"{name}: {days:.1f} days left" for name, days in left.items() if days < LIFETIME_DAYS]
    if soon:
        machine.warn(soon)


def certificates(machine: Machine, question: str) -> dict[str, float]:
    """Days that the certificates of an answer have left, by name; of two of a name the shorter."""
    found: dict[str, float] = {}
    for line in machine.answers.lines(question):
        name, equals, end = line.partition(" notAfter=")
        if equals:
            found[name] = min(days_left(machine.answers, end), found.get(name, float("inf")))
    return found


@TOPIC.check(step="control_plane")
def kubeadms_certificates_last(machine: Machine) -> None:
    found = certificates(machine, "certificates")
    left = {name: days for name, days in found.items() if not name.endswith("ca.crt")}
    if not left:
        raise CannotTell("no certificate below /etc/kubernetes")
    last(machine, left)


@TOPIC.check(step="control_plane")
def the_clusters_cas_last(machine: Machine) -> None:
    found = certificates(machine, "certificates")
    last(machine, {name: days for name, days in found.items() if name.endswith("ca.crt")})


@TOPIC.check(step="control_plane join")
def the_kubelets_certificates_last(machine: Machine) -> None:
    left = certificates(machine, "kubelet_certificates")
    if "kubelet-client-current.pem" not in left:
        raise CannotTell("the kubelet has no certificate in /var/lib/kubelet/pki")
    last(machine, left)


@TOPIC.check(step="cilium")
def hubbles_certificates_last(machine: Machine) -> None:
    left = certificates(machine, "hubble_certificates")
    if not left:
        machine.skip("Hubble has no certificates")
    last(machine, left)


@TOPIC.check(step="trusted_ca")
def the_private_ca_lasts(machine: Machine) -> None:
    left = certificates(machine, "private_ca")
    if not left:
        raise CannotTell("it is not where the system keeps such ones")
    last(machine, left)


@TOPIC.check(step="package_sources")
def the_signing_keys_last(machine: Machine) -> None:
    now, path = float(machine.answers.said("now")), ""
    left: dict[str, float] = {}
    ours = {source.key: repository.name for repository, source in sources(machine).values() if source}
    for line in machine.answers.lines("keys"):
        words = line.split(":")
        path = line.removeprefix("== ") if line.startswith("== ") else path
        # The last one of a file counts: a vendor that changes its key serves both for a while.
        if words[0] == "pub" and path in ours:
            days = (float(words[6]) - now) / 86400 if words[6] else float("inf")
            left[ours[path]] = max(days, left.get(ours[path], days))
    last(machine, left)


@TOPIC.check(step="tailnet")
def the_node_key_lasts(machine: Machine) -> None:
    itself = machine.answers.data("tailnet").get("Self") or {}
    machine.expect(not itself.get("Expired"), "expired")
    if expiry := itself.get("KeyExpiry"):
        seconds = datetime.fromisoformat(expiry).timestamp() - float(machine.answers.said("now"))
        last(machine, {f"the key that ends on {expiry}": seconds / 86400})
