"""The login user can run kubectl, and nobody else can."""

from __future__ import annotations

from meshstrap.plan import Plan
from meshstrap.verify.check import Topic
from meshstrap.verify.machine import Machine
from meshstrap.verify.question import Asked


def asks(plan: Plan) -> Asked:
    """Whose kubeconfig it is, and who may read it."""
    users = sorted({node.login_user for node in plan.nodes if node.is_control_plane})
    return Asked(modes=tuple(f"/home/{user}/.kube/config" for user in users))


TOPIC = Topic("control_plane", __file__, asks=asks)


@TOPIC.check()
def the_login_user_alone_has_a_kubeconfig(machine: Machine) -> None:
    user = machine.node.login_user
    path = f"/home/{user}/.kube/config"
    found = machine.answers.modes(path).get(path)
    if found is None:
        machine.differs(f"no {path}")
    machine.expect((found.owner, found.mode[-2:]) == (user, "00"), f"{path} is {found.owner}'s, {found.mode}")
