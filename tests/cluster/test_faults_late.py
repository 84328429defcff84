"""Workers that come late, again, or twice: each joins, or says the one thing that a person has to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshstrap.secrets import load_secrets, save_secrets
from tests.lab.faults import wait_says

from .cluster import Cluster
from .healing import healed
from .inventory import NODES
from .late import SECRETS, expired, give_tokens, place, remove, removed_at_last, render, tokens, untouched, wait_joined
from .outage import LITTLE, Watch
from .probe import Probes

Note = Callable[[str, object], None]
LATE = "w3"


@pytest.fixture
def watch(cluster: Cluster, probes: Probes) -> Watch:
    """Of the nodes that were there before, which must not notice."""
    assert set(cluster.machines) == set(NODES)
    return Watch(cluster.machines.values())


def test_a_late_worker_says_what_is_spent_and_joins_with_what_a_person_places_as_it_says(
    cluster: Cluster, probes: Probes, watch: Watch, record_property: Note
) -> None:
    # The control plane has used this one long ago. It is no longer kept: one key for two nodes is refused.
    kept = cluster.folder / "secrets.yaml"
    known = load_secrets(kept, {})
    spent = known.auth_keys["cp1"].reveal()
    save_secrets(kept, known.only(known.auth_keys.keys() - {"cp1"}, known.bootstrap_tokens))
    render(cluster, LATE, spent)
    with removed_at_last(cluster, LATE), watch:
        give_tokens(cluster, expired(tokens(cluster, LATE)))
        machine = cluster.launch(LATE)
        said = wait_says(machine, "no login with this auth key", state="waiting", seconds=300)
        assert said["next"].startswith(f"put a fresh auth key into {SECRETS}/auth_key; ")
        place(machine, f"{SECRETS}/auth_key", cluster.headscale.mint_key())
        token = tokens(cluster, LATE).split()[1].partition(".")[0]
        said = wait_says(machine, f"signature for bootstrap token {token} (expired", state="waiting", seconds=400)
        assert said["next"].startswith("on cp1: sudo kubeadm token create --ttl 2h; here: ")
        created = cluster.machines["cp1"].run("kubeadm", "token", "create", "--ttl", "2h").check().out
        place(machine, f"{SECRETS}/bootstrap_token", created)
        wait_joined(cluster, LATE)
        healed(probes)
        remove(cluster, LATE)
        healed(probes)
        record_property("outage", f"{watch.longest():.1f} s between the others")
        assert watch.longest() <= LITTLE


def test_a_fourth_node_joins_is_removed_and_joins_again_and_the_others_are_not_touched(
    cluster: Cluster, probes: Probes, watch: Watch, record_property: Note
) -> None:
    before = untouched(cluster, *NODES)
    with removed_at_last(cluster, LATE), watch:
        for _ in range(2):
            render(cluster, LATE, cluster.headscale.mint_key())
            give_tokens(cluster, tokens(cluster, LATE))
            cluster.launch(LATE)
            wait_joined(cluster, LATE)
            healed(probes)
            assert untouched(cluster, *NODES) == before
            remove(cluster, LATE)
            healed(probes)
        record_property("outage", f"{watch.longest():.1f} s between the others")
        assert watch.longest() <= LITTLE
    assert untouched(cluster, *NODES) == before


def test_a_worker_that_is_pasted_twice_waits_and_does_not_take_the_place_of_the_first(
    cluster: Cluster, probes: Probes, watch: Watch, record_property: Note
) -> None:
    before = untouched(cluster, *NODES)
    render(cluster, "w1", cluster.headscale.mint_key())
    second = cluster.lab.machine("w1-again", kubelet=True)
    try:
        with watch:
            cluster.lab.use_distribution(second, cluster.supplies)
            cluster.lab.launch(second, cluster.user_data("w1"))
            said = wait_says(second, "name w1 in the tailnet: this machine is called", seconds=300)
            assert said["next"].startswith("delete the other machine of that name, then rename this one")
            healed(probes)
            record_property("outage", f"{watch.longest():.1f} s between the others")
            assert watch.longest() <= LITTLE
    finally:
        cluster.lab.discard(second)
        for node in cluster.headscale.nodes():
            if node["given_name"].startswith("w1-"):
                cluster.headscale.delete(node["given_name"])
    assert untouched(cluster, *NODES) == before
