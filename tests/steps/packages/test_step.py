"""Packages: exact versions in one transaction, held, and carried on with after a power cut."""

from __future__ import annotations

import pytest

from tests.shell.sandbox import LIBRARY, Sandbox

# dpkg's state is one file a package: want, status, version.
DPKG_QUERY = r"""
[[ ! -e $S/unreadable ]] || { echo 'dpkg-query: error: failed to open package info file' >&2; exit 2; }
if [[ $* == *db:Status-Eflag* ]]; then
  for package in $(grep -sl ' half-installed ' $S/*); do echo "reinstreq ${package##*/}"; done
  echo 'ok bash'
  exit
fi
[[ -e $S/${*: -1} ]] || { echo "dpkg-query: no packages found matching ${*: -1}" >&2; exit 1; }
read -r want status version <"$S/${*: -1}"
case $* in
  *db:Status-Want*) printf '%s' "$want" ;;
  *Package}=*) echo "${*: -1}=$version" ;;
  *) printf '%s %s' "$status" "$version" ;;
esac"""
APT_GET = r"""
case $* in
  *' update') [[ ! -e $S/locked ]] || { rm $S/locked; echo 'E: Could not get lock' >&2; exit 100; } ;;
  *--fix-broken*) ;;
  *' install '*)
    [[ -e $S/interrupted ]] && { echo 'E: dpkg was interrupted' >&2; exit 100; }
    line=$*
    for package in ${line##* install }; do
      version=${package#*=}; version=${version/%-\*/-1.1}
      [[ $package == *=* ]] || version=7.0
      # As apt does: it is "already the newest version".
      ! grep -sq ' half-installed ' "$S/${package%%=*}" || [[ $* == *' --reinstall '* ]] || continue
      [[ ! -e $S/missing ]] || { echo "E: Version '$version' for '${package%%=*}' was not found" >&2; exit 100; }
      echo "install installed $version" >"$S/${package%%=*}"
    done ;;
  *) exit 98 ;;
esac"""
APT_MARK = r"""
shift
for package in "$@"; do sed -i 's/^install/hold/' "$S/$package"; done"""


@pytest.fixture
def machine(sandbox: Sandbox) -> Sandbox:
    """A Debian machine with its repositories configured."""
    sandbox.library = (*LIBRARY, "package_apt")
    sandbox.header |= {
        "KUBERNETES_VERSION": "1.36.3",
        "PACKAGES": ("kubelet=1.36.3-*", "tailscale=1.104.5", "ethtool"),
        "HELD_PACKAGES": ("kubelet", "tailscale"),
    }
    state = f"S={sandbox.root}/state\nmkdir -p $S\n"
    stubs = {
        "dpkg-query": DPKG_QUERY,
        "apt-get": APT_GET,
        "apt-mark": APT_MARK,
        "dpkg": "rm -f $S/interrupted",
        "sleep": "",
    }
    for name, text in stubs.items():
        sandbox.stub(name, state + text)
    return sandbox


def installs(calls: list[str]) -> list[str]:
    """What apt-get was asked to install, a line a call."""
    return [call.split(" install ")[1] for call in calls if call.startswith("apt-get") and " install " in call]


def test_it_installs_in_one_transaction_and_holds(machine: Sandbox) -> None:
    done = machine.run("packages")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    assert installs(done.calls) == ["kubelet=1.36.3-* tailscale=1.104.5 ethtool"]
    assert "apt-mark hold kubelet tailscale" in done.calls
    assert machine.read("state/kubelet") == "hold installed 1.36.3-1.1\n"


def test_tailscaled_is_started_by_its_package_with_its_drop_in_in_place(machine: Sandbox) -> None:
    """A second start of it would take seconds of a bring-up."""
    place = "etc/systemd/system/tailscaled.service.d/10-meshstrap.conf"
    before = f"S={machine.root}/state\n[[ $* == *' update' || -s {machine.root}/{place} ]] || exit 97\n"
    machine.stub("apt-get", before + APT_GET)
    done = machine.run("packages")
    assert (done.code, installs(done.calls)[-1]) == (0, "kubelet=1.36.3-* tailscale=1.104.5 ethtool"), done.log
    assert machine.read(place) == "[Service]\nIPAddressDeny=10.244.0.0/16\n"


def test_a_second_run_changes_nothing(machine: Sandbox) -> None:
    machine.run("packages")
    again = machine.run("packages")
    assert (again.code, again.levels) == (0, ["ok", "summary"]), again.log
    assert {call.split()[0] for call in again.calls} == {"dpkg-query"}


def test_nothing_is_removed_and_the_lock_is_waited_for(machine: Sandbox) -> None:
    calls = [call for call in machine.run("packages").calls if call.startswith("apt-get")]
    assert calls
    for option in (
        "--no-remove",
        "DPkg::Lock::Timeout=600",
        "--no-install-recommends",
        "Dpkg::Options::=--force-confold",
    ):
        assert all(option in call for call in calls)


@pytest.mark.parametrize(
    "state", ["hold installed 1.36.30-1.1", "hold installed 1.36.2-1.1", "hold half-installed 1.36.3-1.1"]
)
def test_another_version_or_state_is_drift(machine: Sandbox, state: str) -> None:
    machine.run("packages")
    machine.write("state/kubelet", state + "\n")
    assert machine.run("packages", check_only=True).levels == ["drift", "summary"]
    assert machine.run("packages").code == 0


def test_a_package_that_is_no_longer_held_is_drift(machine: Sandbox) -> None:
    machine.run("packages")
    machine.write("state/tailscale", "install installed 1.104.5\n")
    done = machine.run("packages", check_only=True)
    assert "tailscale: not held" in done.log
    assert machine.run("packages").code == 0


def test_the_lists_lock_is_tried_again(machine: Sandbox) -> None:
    machine.write("state/locked", "")
    done = machine.run("packages")
    assert (done.code, done.levels) == (0, ["change", "retry", "changed", "summary"]), done.log


@pytest.mark.parametrize(
    "lock", ["lib/dpkg/lock-frontend", "lib/dpkg/lock", "lib/apt/lists/lock", "cache/apt/archives/lock"]
)
def test_a_lock_that_is_held_is_waited_for_by_its_holders_name(machine: Sandbox, lock: str) -> None:
    held, other = f"/var/{lock} unattended-upgr 711", "/var/lib/apt/daily_lock apt.systemd.dai 709"
    machine.stub("lslocks", f"S={machine.root}/state; echo {other}; [[ ! -e $S/held ]] || echo {held}")
    machine.stub(
        "sleep", f"S={machine.root}/state; rm $S/held; cp {machine.root}/var/lib/meshstrap/status.json $S/said"
    )
    machine.write("state/held", "")
    done = machine.run("packages")
    assert (done.code, done.levels) == (0, ["change", "wait", "changed", "summary"]), done.log
    assert f'"message":"waiting for package lock: held: {held}"' in machine.read("state/said")


def test_an_interrupted_dpkg_is_carried_on_with(machine: Sandbox) -> None:
    machine.write("state/interrupted", "")
    done = machine.run("packages")
    assert done.code == 0, done.log
    assert done.calls.index("dpkg --configure -a --force-confold") < next(
        i for i, call in enumerate(done.calls) if call.startswith("apt-get")
    )


@pytest.mark.parametrize("name", ["kubelet", "tailscale", "ethtool", "libmnl0", "kube"])
def test_a_package_whose_unpacking_was_cut_short_is_installed_again(machine: Sandbox, name: str) -> None:
    machine.write(f"state/{name}", "install half-installed 1.36.3-1.1\n")
    done = machine.run("packages")
    assert done.code == 0, done.log
    assert " installed " in machine.read(f"state/{name}")
    planned = "kubelet=1.36.3-* tailscale=1.104.5 ethtool"
    assert installs(done.calls) == [planned if name in {"kubelet", "tailscale", "ethtool"} else f"{planned} {name}"]


def test_lists_that_a_power_cut_left_empty_are_fetched_again(machine: Sandbox) -> None:
    for name, text in {"lost_Packages": "", "kept_Packages": "Package: kubelet\n", "lock": ""}.items():
        machine.write(f"var/lib/apt/lists/{name}", text)
    done = machine.run("packages")
    assert done.code == 0, done.log
    assert sorted(path.name for path in (machine.root / "var/lib/apt/lists").iterdir()) == ["kept_Packages", "lock"]


def test_nothing_is_installed_again_without_need(machine: Sandbox) -> None:
    assert not any("--reinstall" in call for call in machine.run("packages").calls)


def test_what_dpkg_cannot_finish_is_left_to_apt(machine: Sandbox) -> None:
    machine.stub("dpkg", "echo 'dpkg: dependency problems prevent configuration of kubelet' >&2; exit 1")
    done = machine.run("packages")
    assert (done.code, done.levels) == (0, ["change", "retry", "changed", "summary"]), done.log
    assert "dependency problems" in done.log


def joined(machine: Sandbox, **versions: str) -> Sandbox:
    """A node that has joined, and on which a person has then installed other versions."""
    machine.run("packages")
    machine.write("etc/kubernetes/kubelet.conf", "kubelet\n")
    for name, version in versions.items():
        machine.write(f"state/{name}", f"hold installed {version}\n")
    return machine


@pytest.mark.parametrize("kubelet", ["1.36.4-1.1", "1.36.30-1.1", "1.37.0-1.1"])
def test_what_a_person_has_upgraded_stays_and_is_said(machine: Sandbox, kubelet: str) -> None:
    joined(machine, kubelet=kubelet, tailscale="1.104.7")
    for check_only in (True, False):
        done = machine.run("packages", check_only=check_only)
        assert (done.code, done.levels) == (0, ["ok", "warn", "summary"]), done.log
        assert f"newer than the plan: kubelet={kubelet} tailscale=1.104.7; plan it or pass --downgrade" in done.log
        assert not any(call.startswith("apt-get") for call in done.calls)


def test_older_is_mended_beside_newer(machine: Sandbox) -> None:
    joined(machine, kubelet="1.36.5-1.1", tailscale="1.104.4")
    machine.write("usr/bin/kubelet", "", 0o755)
    machine.stub("kubelet", "echo Kubernetes v1.36.5")
    done = machine.run("packages")
    assert (done.code, done.levels) == (0, ["change", "changed", "warn", "summary"]), done.log
    assert installs(done.calls) == ["kubelet=1.36.5-1.1 tailscale=1.104.5 ethtool"]
    assert machine.read("state/kubelet") == "hold installed 1.36.5-1.1\n"


def test_newer_is_taken_back_when_somebody_says_so(machine: Sandbox) -> None:
    done = joined(machine, kubelet="1.36.5-1.1").run("packages", downgrade=True)
    assert installs(done.calls) == ["kubelet=1.36.3-* tailscale=1.104.5 ethtool"]
    assert machine.read("state/kubelet") == "hold installed 1.36.3-1.1\n"


def test_newer_on_a_machine_that_has_not_joined_is_no_upgrade(machine: Sandbox) -> None:
    machine.write("state/kubelet", "install installed 1.36.5-1.1\n")
    machine.run("packages")
    assert machine.read("state/kubelet") == "hold installed 1.36.3-1.1\n"


def test_another_minor_version_on_a_node_that_has_joined_is_refused(machine: Sandbox) -> None:
    machine.run("packages")
    machine.write("etc/kubernetes/kubelet.conf", "")
    machine.write("usr/bin/kubelet", "", 0o755)
    machine.stub("kubelet", "echo Kubernetes v1.36.3")
    machine.header |= {"KUBERNETES_VERSION": "1.37.1", "PACKAGES": ("kubelet=1.37.1-*", "tailscale=1.104.5")}
    done = machine.run("packages")
    assert (done.code, installs(done.calls)) == (1, [])
    assert "this node runs Kubernetes v1.36, the plan says 1.37.1" in done.log
    machine.header |= {"KUBERNETES_VERSION": "1.36.4", "PACKAGES": ("kubelet=1.36.4-*", "tailscale=1.104.5")}
    assert machine.run("packages").code == 0


def test_apply_fails(machine: Sandbox) -> None:
    machine.write("state/missing", "")
    done = machine.run("packages")
    assert done.code == 1
    assert "E: Version '1.36.3-1.1' for 'kubelet' was not found" in done.log


def test_cannot_tell(machine: Sandbox) -> None:
    machine.write("state/unreadable", "")
    done = machine.run("packages")
    assert done.code == 1
    assert "cannot tell the current state (exit 2): dpkg-query: error: failed to open" in done.log
    # On a node that has joined its version is asked first: what a person has upgraded stays.
    machine.write("etc/kubernetes/kubelet.conf", "")
    done = machine.run("packages")
    assert "cannot tell the current state (exit 3): dpkg-query: error: failed to open" in done.log
    assert installs(done.calls) == []


def test_oracle_linux(machine: Sandbox) -> None:
    machine.library = (*LIBRARY, "package_dnf")
    machine.header |= {"PACKAGES": ("kubelet-1.36.3-*", "tailscale-1.104.5-*", "ethtool")}
    machine.write("state/rpm", "")
    state = f"S={machine.root}/state\n"
    named = r"""if [[ $2 == --queryformat ]]; then sed -n "s/^${*: -1} /${*: -1}-/p" $S/rpm; exit; fi; """
    machine.stub(
        "rpm", f"{state}{named}while read -r name rest; do printf '\\n%s\\n%s' $name $name-$rest; done <$S/rpm"
    )
    machine.stub("dnf", f"{state}printf '%s\\n' 'kubelet 1.36.3-1.1' 'tailscale 1.104.5-1' 'ethtool 6.2-1' >$S/rpm")
    done = machine.run("packages")
    assert (done.code, done.levels) == (0, ["change", "changed", "summary"]), done.log
    (install,) = [call for call in done.calls if call.startswith("dnf")]
    assert install.endswith(" install kubelet-1.36.3-* tailscale-1.104.5-* ethtool")
    assert "--disableexcludes=all" in install
    again = machine.run("packages")
    assert (again.levels, len(again.calls)) == (["ok", "summary"], 1), again.log
    machine.write("etc/kubernetes/kubelet.conf", "kubelet\n")
    machine.write("state/rpm", "kubelet 1.36.30-1.1\ntailscale 1.104.5-1\nethtool 6.2-1\n")
    newer = machine.run("packages", check_only=True)
    assert newer.levels == ["ok", "warn", "summary"], newer.log
    assert "newer than the plan: kubelet-1.36.30-1.1" in newer.log
    (machine.root / "etc/kubernetes/kubelet.conf").unlink()
    for state in ("kubelet 1.36.30-1.1", "kubelet 1.36.2-1.1", "kubelet-extra 1.36.3-1.1"):
        machine.write("state/rpm", f"{state}\ntailscale 1.104.5-1\nethtool 6.2-1\n")
        assert machine.run("packages", check_only=True).code == 1, state
