"""A program of this machine that leads to a host, ended when the host falls silent or when nobody waits any more."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

SSH_FAILED = 255
"""ssh's own exit code; any other is the command's (ssh(1), EXIT STATUS)."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one call. ``code`` is 255 when ssh itself failed, or when it was given up."""

    code: int
    out: str
    err: str


async def run_bounded(argv: Sequence[str], *, whole: float, first: float | None = None, told: str = "") -> Answer:
    """Run a program. It ends with an answer, whatever happens; when cancelled, the program goes with it.

    ``whole``: seconds until it has said all. ``first``: seconds until its first sign of life, where that is bounded
    by itself. ``told``: what it reads on its input.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE if told else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    # Both are pipes, as was just asked for.
    words, complaints = cast("asyncio.StreamReader", process.stdout), cast("asyncio.StreamReader", process.stderr)
    complaining = asyncio.ensure_future(complaints.read())
    telling = asyncio.ensure_future(_tell(process.stdin, told)) if process.stdin else None
    head = b""
    try:
        async with asyncio.timeout(whole):
            async with asyncio.timeout(first):
                head = await words.read(1)
            out = head + await words.read()
            err = await complaining
            code = await process.wait()
    except TimeoutError:
        said = f"it fell silent: no end within {whole:g} s" if head else f"no answer within {first or whole:g} s"
        return Answer(code=SSH_FAILED, out="", err=said)
    finally:
        complaining.cancel()
        if telling is not None:
            telling.cancel()
        if process.returncode is None:
            _end(process.pid)
            await process.wait()
    return Answer(code=code, out=out.decode(errors="replace"), err=err.decode(errors="replace"))


async def _tell(listener: asyncio.StreamWriter, text: str) -> None:
    """Write all of it. A program that ends without having read it has its own reasons, and says them."""
    with suppress(BrokenPipeError, ConnectionResetError):
        listener.write(text.encode())
        await listener.drain()
    listener.close()


def _end(pid: int) -> None:
    """End it and everything that it has started, such as ssh's ProxyCommand."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class Programs:
    """Programs for callers that wait in threads of their own; all of them end together."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, argv: Sequence[str], *, whole: float, first: float | None = None) -> Answer:
        """The same as :func:`run_bounded`. ``CancelledError`` once all of them were ended."""
        return asyncio.run_coroutine_threadsafe(run_bounded(argv, whole=whole, first=first), self._loop).result()

    def end(self) -> None:
        """End what still runs, and whoever waits for it."""
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_all() -> None:
    # A task that was waiting for a program's beginning may take more than one word.
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=1)
