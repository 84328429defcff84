"""All nodes at once: read once, or again and again until every one has converged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from meshstrap.watch.sight import Sight

Read: TypeAlias = Callable[[str], Awaitable[Sight]]
Told: TypeAlias = Callable[[Sight], None]

AT_ONCE = 32
"""Connections at a time; each is a process of its own."""


async def read_once(nodes: Sequence[str], read: Read, told: Told) -> None:
    """Look at every node once, and tell of each as soon as it has answered."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(node: str) -> None:
        async with gate:
            told(await read(node))

    await _together(partial(look, node) for node in nodes)


async def follow_nodes(nodes: Sequence[str], read: Read, told: Told, *, pause: float) -> None:
    """Look at every node with ``pause`` seconds between its looks; ends when all have converged."""
    gate = asyncio.Semaphore(AT_ONCE)
    converged: set[str] = set()
    over = asyncio.Event()

    async def look(node: str) -> None:
        async with gate:
            sight = await read(node)
        told(sight)
        (converged.add if sight.converged else converged.discard)(node)
        if len(converged) == len(nodes):
            over.set()

    async def follow(node: str) -> None:
        while not over.is_set():
            await look(node)
            # The end of one is the end of all: nobody sleeps on.
            try:
                await asyncio.wait_for(over.wait(), pause)
            except TimeoutError:
                continue

    await _together(partial(follow, node) for node in nodes)


class _Ended(Exception):
    """What one of several has raised ends them all."""


async def _together(jobs: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """All of them at once. What one raises ends the others and comes as it is: a group of errors has no exit code."""
    raised: list[BaseException] = []

    async def guarded(job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        # Nobody may read any more what is said of a node.
        except (Exception, SystemExit) as error:
            raised.append(error)
            raise _Ended from error

    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(guarded(job))
    except* _Ended:
        pass
    if raised:
        raise raised[0]
