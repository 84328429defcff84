"""Topic secrets: what is used up is gone, what is left is root's alone, and none of it stands where others read."""

from __future__ import annotations

from meshstrap.fleet.check import check
from meshstrap.fleet.machine import Machine
from meshstrap.plan.hosts.names import SECRETS_FOLDER

AUTH_KEY = f"{SECRETS_FOLDER}/auth_key"
BOOTSTRAP_KUBECONFIG = "/etc/kubernetes/bootstrap-kubelet.conf"
REVOKE = "revoke it: the auth key in the admin console, a bootstrap token by `sudo kubeadm token delete`"


@check("auth_key", step="tailnet", symptom="none, until somebody copies the disk")
def test_the_auth_key_is_gone(machine: Machine) -> None:
    found = list(machine.answers.modes(AUTH_KEY))
    machine.expect(not found, found)


@check(
    "bootstrap_tokens",
    step="control_plane join",
    symptom="none, until somebody copies the disk",
    fix="sudo bash /opt/meshstrap/bootstrap.sh, which removes it once it has done its work",
)
def test_the_bootstrap_tokens_are_gone(machine: Machine) -> None:
    tokens = machine.answers.modes(f"{SECRETS_FOLDER}/bootstrap_token*")
    found = [*tokens, *machine.answers.modes(BOOTSTRAP_KUBECONFIG)]
    machine.expect(not found, found)


@check(
    "modes",
    step="machine_supported",
    symptom="none, until a user of the machine looks",
    fix="sudo chown root: FILE; sudo chmod go= FILE",
)
def test_what_was_handed_over_is_roots_alone(machine: Machine) -> None:
    patterns = (SECRETS_FOLDER, f"{SECRETS_FOLDER}/*", "/var/lib/cloud/*", "/var/lib/tailscale/*")
    found = {path: mode for pattern in patterns for path, mode in machine.answers.modes(pattern).items()}
    open_ = [
        f"{path} is {one.owner}'s, {one.mode}"
        for path, one in found.items()
        if one.kind == "file" and not one.is_roots_alone
    ]
    machine.expect(not open_, open_)


@check(
    "cluster_keys",
    step="control_plane join",
    symptom="none, until a user of the machine looks",
    fix="sudo chown root: FILE; sudo chmod 600 FILE",
)
def test_the_clusters_keys_are_roots_alone(machine: Machine) -> None:
    patterns = ("/etc/kubernetes/*.conf", "/etc/kubernetes/pki/*", "/var/lib/kubelet/pki/*")
    found = {path: mode for pattern in patterns for path, mode in machine.answers.modes(pattern).items()}
    open_ = [
        f"{path} is {one.owner}'s, {one.mode}"
        for path, one in found.items()
        if one.kind == "file" and not one.is_roots_alone
    ]
    machine.expect(not open_, open_)


@check(
    "logs",
    step="machine_supported",
    symptom="none, until somebody reads the log",
    fix=f"{REVOKE}; then remove the lines, in the journal by `journalctl --rotate --vacuum-time=1s`",
)
def test_no_log_holds_a_secret(machine: Machine) -> None:
    found = machine.answers.lines("secrets_in_logs")
    machine.expect(not found, found)


@check(
    "processes",
    step="machine_supported",
    symptom="none, until somebody runs ps",
    fix=f"end that program, which is none of meshstrap's; {REVOKE}",
)
def test_no_process_shows_a_secret(machine: Machine) -> None:
    found = sorted(set(machine.answers.lines("secrets_in_processes")))
    machine.expect(not found, f"on the command line of {', '.join(found)}")


@check("public_files", step="machine_supported", symptom="none, until a user of the machine looks", fix=REVOKE)
def test_script_and_status_hold_no_secret(machine: Machine) -> None:
    found = machine.answers.lines("secrets_in_files")
    machine.expect(not found, found)
