"""Topic secrets: what is used up is gone, what is left is root's alone, and none of it stands where others read."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.plan.names import SCRIPT, SECRETS_FOLDER, STATUS_FILE
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked, Question

AUTH_KEY = f"{SECRETS_FOLDER}/auth_key"
BOOTSTRAP_KUBECONFIG = "/etc/kubernetes/bootstrap-kubelet.conf"

# The place of a secret and how often, never the secret. Tailscale's keys and Headscale's, and kubeadm's tokens.
_SEARCH = r"""
pattern='(tskey|hskey)-(auth|client|api)-[A-Za-z0-9]{6,}|(^|[^A-Za-z0-9.-])[a-z0-9]{6}[.][a-z0-9]{16}([^A-Za-z0-9.-]|$)'
search() { local n; n=$(grep -acE "$pattern") || (($? == 1)) || exit 3; [[ $n == 0 ]] || echo "$1: $n lines"; }
"""
_LOGS = (
    f"{_SEARCH}\nset -o pipefail\n"
    "journalctl --no-pager --output=cat --unit=meshstrap --unit='cloud-*' |"
    " search 'journal of meshstrap and cloud-init'\n"
    "journalctl --no-pager --output=cat --identifier=sudo | search 'journal of sudo'\n"
    "for f in /var/log/cloud-init.log /var/log/cloud-init-output.log; do [[ ! -f $f ]] || search $f <$f; done"
)
_PROCESSES = (
    f'{_SEARCH}\ngrep --files-with-matches --text --no-messages --extended-regexp "$pattern" /proc/[0-9]*/cmdline |'
    ' while read -r f; do cat "${f%/cmdline}/comm"; done; exit 0'
)
_FILES = f"{_SEARCH}\nfor f in {SCRIPT} {STATUS_FILE}; do [[ ! -f $f ]] || search $f <$f; done"


def asks(plan: Plan) -> Asked:
    """Who may read what, and where something that looks like a secret stands."""
    del plan
    return Asked(
        modes=(
            SECRETS_FOLDER,
            f"{SECRETS_FOLDER}/*",
            "/var/lib/cloud/instances/*/user-data.txt*",
            "/var/lib/cloud/instances/*/cloud-config.txt",
            "/var/lib/tailscale/tailscaled.state",
            "/etc/kubernetes/*.conf",
            "/etc/kubernetes/pki/*.key",
            "/etc/kubernetes/pki/*.yaml",
            "/etc/kubernetes/pki/etcd/*.key",
            "/var/lib/kubelet/pki/*.pem",
            "/var/lib/kubelet/pki/*.key",
        ),
        commands=(
            Question("secrets_in_logs", _LOGS, seconds=60),
            Question("secrets_in_processes", _PROCESSES),
            Question("secrets_in_files", _FILES),
        ),
    )


TOPIC = Topic("secrets", __file__, asks=asks)


@TOPIC.check(step="tailnet")
def the_auth_key_is_gone(machine: Machine) -> None:
    found = list(machine.answers.modes(AUTH_KEY))
    machine.expect(not found, found)


@TOPIC.check(step="control_plane join")
def the_bootstrap_tokens_are_gone(machine: Machine) -> None:
    tokens = machine.answers.modes(f"{SECRETS_FOLDER}/bootstrap_token*")
    found = [*tokens, *machine.answers.modes(BOOTSTRAP_KUBECONFIG)]
    machine.expect(not found, found)


@TOPIC.check(step="machine_supported")
def what_was_handed_over_is_roots_alone(machine: Machine) -> None:
    _expect_roots_alone(machine, SECRETS_FOLDER, f"{SECRETS_FOLDER}/*", "/var/lib/cloud/*", "/var/lib/tailscale/*")


@TOPIC.check(step="control_plane join")
def the_clusters_keys_are_roots_alone(machine: Machine) -> None:
    _expect_roots_alone(machine, "/etc/kubernetes/*.conf", "/etc/kubernetes/pki/*", "/var/lib/kubelet/pki/*")


@TOPIC.check(step="machine_supported")
def no_log_holds_a_secret(machine: Machine) -> None:
    found = machine.answers.lines("secrets_in_logs")
    machine.expect(not found, found)


@TOPIC.check(step="machine_supported")
def no_process_shows_a_secret(machine: Machine) -> None:
    found = sorted(set(machine.answers.lines("secrets_in_processes")))
    machine.expect(not found, f"on the command line of {', '.join(found)}")


@TOPIC.check(step="machine_supported")
def script_and_status_hold_no_secret(machine: Machine) -> None:
    found = machine.answers.lines("secrets_in_files")
    machine.expect(not found, found)


def _expect_roots_alone(machine: Machine, *patterns: str) -> None:
    found = {path: mode for pattern in patterns for path, mode in machine.answers.modes(pattern).items()}
    open_ = [
        f"{path} is {one.owner}'s, {one.mode}"
        for path, one in found.items()
        if one.kind == "file" and not one.is_roots_alone
    ]
    machine.expect(not open_, open_)
