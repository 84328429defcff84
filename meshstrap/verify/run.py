"""All hosts of a verification at once, each in a thread of this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from meshstrap.plan.model import NodePlan, Plan
from meshstrap.plan.names import PROBE_IMAGE
from meshstrap.ssh import Answer, Programs
from meshstrap.verify.arrival import Arrival, arrive
from meshstrap.verify.catalogue import checks
from meshstrap.verify.cluster import STEP, ask_cluster
from meshstrap.verify.cluster import WHOLE_SECONDS as CLUSTER_SECONDS
from meshstrap.verify.judge import judge
from meshstrap.verify.questions import questions
from meshstrap.verify.reach import FIRST_SECONDS, SSH_OPTIONS, WHOLE_SECONDS, Run, ask_host
from meshstrap.verify.verdict import Report, Verdict

HEARS_CTRL_C_SECONDS = 0.5
"""How often the main thread looks up from its waiting."""
HOSTS_AT_ONCE = 32
"""Each is a process that mostly waits; a fleet is seldom larger."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked.

    ``cluster``: the whole cluster is asked too, by pods of that ``image``; empty: the default.
    """

    plan: Plan
    cluster: bool = False
    image: str = ""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How hosts are reached: the program ssh, and its configuration with every node as a host."""

    program: str
    configuration: Path


class Verification:
    """One run: first the hosts one by one as their answers come, afterwards the report."""

    def __init__(self, request: Request, nodes: Sequence[NodePlan], way: Way) -> None:
        self._request = request
        self._names = [node.name for node in nodes]
        self._way = way
        self._programs = Programs()
        self._verdicts: dict[str, list[Verdict]] = {}

    def hosts(self) -> Iterator[str]:
        """Ask all of them; each host as soon as it has answered or was given up.

        Whoever stops listening, as Ctrl-C does, ends every connection: a host that hears no more of us ends, too.
        """
        pool = ThreadPoolExecutor(max_workers=HOSTS_AT_ONCE)
        try:
            left = {pool.submit(self._arrival, name) for name in self._names}
            while left:
                # Ctrl-C that another thread is told of does not wake this one, which would then never hear of it.
                done, left = wait(left, timeout=HEARS_CTRL_C_SECONDS, return_when=FIRST_COMPLETED)
                for one in done:
                    arrival = one.result()
                    self._verdicts[arrival.host] = self._judged(arrival)
                    yield arrival.host
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self._programs.end()

    def _judged(self, arrival: Arrival) -> list[Verdict]:
        return [judge(arrival, one) for one in checks(whole=self._request.cluster)]

    def _arrival(self, name: str) -> Arrival:
        whole = CLUSTER_SECONDS if self._request.cluster else WHOLE_SECONDS
        argv = (self._way.program, "-F", str(self._way.configuration), *SSH_OPTIONS, "--", name)

        def run(command: str) -> Answer:
            return self._programs.run((*argv, command), first=FIRST_SECONDS, whole=whole)

        return ask(self._request, name, run)

    @property
    def report(self) -> Report:
        """All verdicts, hosts in the plan's order, once the hosts are through."""
        return Report(tuple(verdict for name in self._names for verdict in self._verdicts.get(name, ())))


def ask(request: Request, host: str, run: Run) -> Arrival:
    """Ask one host everything, and the whole cluster too once this host can start pods in it."""
    plan, asked = request.plan, questions(request.plan, whole=request.cluster)
    arrival = arrive(plan, host, lambda: ask_host(run, asked), whole=request.cluster)
    node, status = arrival.node, arrival.status
    if request.cluster and node and arrival.answers and status and STEP in node.steps and status.has_reached((STEP,)):
        ask_cluster(run, plan, node, request.image or PROBE_IMAGE, arrival.answers)
    return arrival
