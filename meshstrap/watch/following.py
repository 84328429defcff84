"""All nodes at once: read once, or again and again until every one has converged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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

    async with asyncio.TaskGroup() as group:
        for node in nodes:
            group.create_task(look(node))


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

    async with asyncio.TaskGroup() as group:
        for node in nodes:
            group.create_task(follow(node))
