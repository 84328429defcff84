"""Repositories: only with the signing keys that the plan names."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import LIBRARY, Sandbox

GOOD, OTHER, EVIL = "A" * 40, "B" * 40, "E" * 40
SOURCES = "Types: deb\nURIs: https://pkgs.example.net/\nSigned-By: /etc/apt/keyrings/meshstrap-kubernetes.asc"
KEYRING = "etc/apt/keyrings/meshstrap-kubernetes.asc"
LIST = "etc/apt/sources.list.d/meshstrap-kubernetes.sources"

# A key file of the tests is a list of fingerprints; a subkey is told from a primary key as gpg tells it.
GPG = r"""
file=${*: -1}
[[ $* == *--export* ]] || grep -q '^[A-F]\{40\}' "$file" || { echo 'gpg: no valid OpenPGP data found.' >&2; exit 2; }
case $* in
  *' --import '*) cat "$file" >>$S/ring ;;
  *' --armor --export '*) shift 6; for key; do grep -sxm1 "$key" $S/ring; done; exit 0 ;;
  *--with-colons\ --show-keys*)
    while read -r key; do
      printf 'pub:%s:4096:1:0000:1:::-:::scESC::::::23::0:\n' "$(grep -qsx "$key" $S/expired && echo e || echo -)"
      printf 'fpr:::::::::%s:\nuid:-::::1::x::a <a@b>::::::::::0:\n' "$key"
      printf 'sub:-:4096:1:1111:1::::::e::::::23:\nfpr:::::::::%s:\n' "$(printf 'F%.0s' {1..40})"
    done <"$file" ;;
  *) exit 98 ;;
esac"""
CURL = r"""
[[ -e $S/served ]] || { echo 'curl: (6) Could not resolve host: pkgs.example.net' >&2; exit 6; }
while (($# > 1)); do [[ $1 != --output ]] || cp "$S/served" "$2"; shift; done"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A Debian machine with one repository to come."""
    sandbox.library = (*LIBRARY, "package_apt")
    sandbox.header |= {
        "REPOSITORY_NAMES": ("kubernetes",),
        "REPOSITORY_FILES": (SOURCES,),
        "REPOSITORY_KEY_URLS": ("https://pkgs.example.net/Release.key",),
        "REPOSITORY_KEY_FINGERPRINTS": (f"{GOOD} {OTHER}",),
    }
    state = f"S={sandbox.root}/state\n"
    sandbox.write("state/served", GOOD + "\n")
    for name, text in {"gpg": GPG, "curl": CURL}.items():
        sandbox.stub(name, state + text)
    sandbox.stub("dpkg")
    return sandbox


def stored(machine: Sandbox) -> list[bool]:
    """Whether the key and the list are there."""
    return [machine.exists(KEYRING), machine.exists(LIST)]


def test_it_adds_a_repository_with_its_key(machine: Sandbox) -> None:
    done = machine.run("package_sources")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert machine.read(KEYRING) == GOOD + "\n"
    assert machine.read(LIST) == SOURCES + "\n"
    assert (machine.root / KEYRING).stat().st_mode & 0o777 == 0o644


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    machine.run("package_sources")
    again = machine.run("package_sources")
    assert (again.code, again.levels) == (0, ["ok", "summary"]), again.log
    assert {call.split()[0] for call in again.calls} == {"gpg"}


def test_of_a_vendor_that_changes_its_key_only_the_planned_one_is_stored(machine: Sandbox) -> None:
    machine.write("state/served", f"{EVIL}\n{GOOD}\n")
    done = machine.run("package_sources")
    assert done.code == 0, done.log
    assert machine.read(KEYRING) == GOOD + "\n"


def test_repositories_of_one_place_share_their_keys(machine: Sandbox) -> None:
    machine.header["REPOSITORY_KEY_URLS"] = ("https://pkgs.example.net/Release.key https://pkgs.example.net/other",)
    served = f"printf '%s\\n' {GOOD} >$S/served; [[ ${{*: -1}} == *other ]] && printf '%s\\n' {OTHER} >$S/served\n"
    machine.stub("curl", f"S={machine.root}/state\n{served}{CURL}")
    done = machine.run("package_sources")
    assert done.code == 0, done.log
    assert machine.read(KEYRING) == f"{GOOD}\n{OTHER}\n"


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("docker.sources", "Types: deb\nURIs: https://pkgs.example.net\n", True),
        ("docker.list", "deb [signed-by=/x] https://pkgs.example.net/ noble stable\n", True),
        ("docker.list", "# deb https://pkgs.example.net/ noble stable\n", False),
        ("docker.list", "deb https://pkgs.example.net/other noble stable\n", False),
        ("meshstrap-kubernetes.sources", "URIs: https://pkgs.example.net/\n", False),
        (".meshstrap-kubernetes.sources.new", "URIs: https://pkgs.example.net/\n", False),
        ("docker.list.dpkg-old", "deb https://pkgs.example.net/ noble stable\n", False),
    ],
)
def test_a_foreign_source_of_the_same_place_is_named_first(machine: Sandbox, file: str, text: str, named: bool) -> None:
    foreign = machine.write(f"etc/apt/sources.list.d/{file}", text)
    done = machine.run("package_sources")
    assert done.code == (1 if named else 0), done.log
    assert (f"{foreign} names a repository of the plan, too: apt would refuse both" in done.log) == named
    assert not named or stored(machine) == [False, False]


def test_a_key_that_the_plan_does_not_name_is_refused(machine: Sandbox) -> None:
    machine.write("state/served", f"{EVIL}\n")
    done = machine.run("package_sources")
    assert (done.code, stored(machine)) == (1, [False, False])
    assert (
        f"https://pkgs.example.net/Release.key: signing key {EVIL} is not in the plan: nothing was stored" in done.log
    )
    assert "sources.repositories.kubernetes.key_fingerprints" in done.log


def test_a_page_instead_of_a_key_is_refused(machine: Sandbox) -> None:
    machine.write("state/served", "<html>not found</html>\n")
    done = machine.run("package_sources")
    assert (done.code, stored(machine)) == (1, [False, False])
    assert "is no OpenPGP key" in done.log


@pytest.mark.parametrize("text", ["", f"{EVIL}\n", f"{GOOD}\n{EVIL}\n"])
def test_a_keyring_that_was_changed_is_drift(machine: Sandbox, text: str) -> None:
    machine.run("package_sources")
    machine.write(KEYRING, text)
    assert machine.run("package_sources", check_only=True).levels == ["drift", "summary"]
    assert machine.run("package_sources").code == 0
    assert machine.read(KEYRING) == GOOD + "\n"


def test_a_keyring_that_apts_own_user_cannot_read_is_drift(machine: Sandbox) -> None:
    machine.run("package_sources")
    (machine.root / KEYRING).chmod(0o600)
    assert machine.run("package_sources", check_only=True).levels == ["drift", "summary"]
    assert machine.run("package_sources").code == 0
    assert (machine.root / KEYRING).stat().st_mode & 0o777 == 0o644


def test_a_list_that_was_changed_is_drift(machine: Sandbox) -> None:
    machine.run("package_sources")
    machine.write(LIST, SOURCES + "\nTrusted: yes\n")
    assert machine.run("package_sources", check_only=True).code == 1


def test_missing_tools_come_from_the_distribution(machine: Sandbox) -> None:
    gpg = machine.bin / "gpg"
    gpg.rename(machine.root / "gpg")
    machine.stub("dpkg-query", "echo 'ok bash'")
    machine.stub("apt-get", f'case $* in *" install "*) cp {machine.root}/gpg {gpg} ;; esac')
    done = machine.run("package_sources")
    assert done.code == 0, done.log
    assert any(call.endswith(" install ca-certificates curl gpg") for call in done.calls)


def test_apply_fails(machine: Sandbox) -> None:
    (machine.root / "state/served").unlink()
    machine.stub("sleep")
    done = machine.run("package_sources")
    assert (done.code, stored(machine)) == (1, [False, False])
    assert "curl failed 5 times (exit 6): curl: (6) Could not resolve host" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.run("package_sources")
    (machine.bin / "sed").unlink()
    done = machine.run("package_sources")
    assert done.code == 1
    assert "cannot tell" in done.log


def test_an_expired_key_is_fetched_anew(machine: Sandbox) -> None:
    machine.run("package_sources")
    machine.write("state/expired", GOOD + "\n")
    assert machine.run("package_sources", check_only=True).code == 1
    machine.stub("curl", f"S={machine.root}/state\n{CURL}\nrm -f $S/expired")
    done = machine.run("package_sources")
    assert done.levels == ["change", "changed", "summary"], done.log
    assert machine.run("package_sources").levels == ["ok", "summary"]


def test_a_vendor_whose_key_has_expired_is_said(machine: Sandbox) -> None:
    machine.write("state/expired", GOOD + "\n")
    done = machine.run("package_sources")
    assert (done.code, "etc/apt/keyrings/meshstrap-kubernetes.asc has expired, here or at its vendor" in done.log) == (
        1,
        True,
    ), done.log


def test_a_node_that_has_joined_goes_on_though_its_vendor_lets_the_key_expire(machine: Sandbox) -> None:
    machine.run("package_sources")
    machine.write("/etc/kubernetes/kubelet.conf", "")
    machine.write("state/expired", GOOD + "\n")
    done = machine.run("package_sources")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert machine.run("package_sources", check_only=True).code == 1, "it is asked for again at the next boot"


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (None, "curl failed 5 times"),
        (f"{EVIL}\n", f"signing key {EVIL} is not in the plan"),
        ("<html>", "no OpenPGP key"),
    ],
    ids=["gone", "another key", "a page"],
)
def test_nor_is_it_stopped_by_a_vendor_that_is_gone(machine: Sandbox, served: str | None, told: str) -> None:
    machine.run("package_sources")
    machine.write("/etc/kubernetes/kubelet.conf", "")
    machine.write("state/expired", GOOD + "\n")
    for name in ("served", "ring"):
        (machine.root / "state" / name).unlink()
    machine.stub("sleep")
    if served:
        machine.write("state/served", served)
    done = machine.run("package_sources")
    assert (done.code, told in done.log, done.levels[-2:]) == (0, True, ["changed", "summary"]), done.log
    assert '"state":"running"' in machine.read("var/lib/meshstrap/status.json")
    assert machine.read(KEYRING) == GOOD + "\n"


def test_a_source_that_the_plan_has_moved_is_not_done_without(machine: Sandbox) -> None:
    machine.run("package_sources")
    machine.write("/etc/kubernetes/kubelet.conf", "")
    (machine.root / "state/served").unlink()
    machine.stub("sleep")
    machine.header["REPOSITORY_FILES"] = (SOURCES.replace("pkgs", "new"),)
    done = machine.run("package_sources")
    assert (done.code, "curl failed 5 times" in done.log) == (1, True), done.log


def test_beside_a_good_key_an_expired_one_does_no_harm(machine: Sandbox) -> None:
    machine.write("state/served", f"{GOOD}\n{OTHER}\n")
    machine.write("state/expired", GOOD + "\n")
    assert machine.run("package_sources").levels == ["change", "changed", "summary"]


def test_oracle_linux_keeps_them_where_dnf_looks(machine: Sandbox) -> None:
    machine.library = (*LIBRARY, "package_dnf")
    machine.header |= {"REPOSITORY_FILES": ("[meshstrap-kubernetes]",)}
    machine.stub("rpm", 'echo "error: package $3 is not installed" >&2; exit 1')
    done = machine.run("package_sources")
    assert done.code == 0, done.log
    assert f"rpm --erase --allmatches gpg-pubkey-{'a' * 8}" in done.calls
    assert machine.read("etc/yum.repos.d/meshstrap-kubernetes.repo") == "[meshstrap-kubernetes]\n"
    assert machine.read("etc/pki/rpm-gpg/meshstrap-kubernetes.asc") == GOOD + "\n"
    assert machine.run("package_sources").levels == ["ok", "summary"]
