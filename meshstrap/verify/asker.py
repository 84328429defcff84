"""Answers questions about the machine that it runs on: the one program that a verification sends to a host.

Its source text is sent over SSH and read by ``python3 -``, so it imports nothing but the standard library, and runs on
Python 3.9 (Oracle Linux 9). It writes nothing but its answers, which are ASCII, and keeps one folder in memory for
programs that insist on a home; that is gone when it ends.
"""

from __future__ import annotations

import glob
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# What is larger is no answer that anybody reads, but a mistake.
LONGEST_TEXT = 1_000_000
AT_A_TIME = 4
# In memory, and root's to write; who is not root is no host, but may try this program out.
MEMORY = "/run" if os.access("/run", os.W_OK) else None
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def owner_of(uid: int) -> str:
    """The user's name, or the number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def read_text(path: str) -> dict[str, Any]:
    """A file's text, and when it was changed; or why it could not be read."""
    try:
        # Another kind of file may keep its reader waiting, and all other answers with it.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return {"error": "Not a regular file"}
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(LONGEST_TEXT)
            return {"text": text, "changed": os.fstat(file.fileno()).st_mtime}
    except OSError as error:
        return {"error": str(error.strerror)}


def look_at(path: str) -> dict[str, Any]:
    """Whose a file is and who may read it; never what is in it."""
    try:
        found = os.lstat(path)
    except OSError as error:
        return {"error": str(error.strerror)}
    kind = "folder" if stat.S_ISDIR(found.st_mode) else "link" if stat.S_ISLNK(found.st_mode) else "file"
    mode = f"{stat.S_IMODE(found.st_mode):04o}"
    return {"mode": mode, "owner": owner_of(found.st_uid), "kind": kind, "bytes": found.st_size}


def measure(path: str) -> dict[str, Any]:
    """The file system that a path lies on: its device, and how much of it is free. Of a device: its own number."""
    try:
        found = os.stat(path)
        space = os.statvfs(path)
    except OSError as error:
        return {"error": str(error.strerror)}
    device = found.st_rdev if stat.S_ISBLK(found.st_mode) else found.st_dev
    return {
        "device": f"{os.major(device)}:{os.minor(device)}",
        "bytes": space.f_blocks * space.f_frsize,
        # Of what is not root's alone, as the kubelet counts.
        "free": space.f_bavail * space.f_frsize,
        "inodes": space.f_files,
        "free_inodes": space.f_favail,
    }


def run(command: str, seconds: float, settings: dict[str, str]) -> dict[str, Any]:
    """What a command says; it and all that it started are ended when it takes longer."""
    process = subprocess.Popen(
        ["/bin/bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=settings,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return {"code": -1, "out": "", "err": f"no answer within {seconds:g} s"}
    if len(out) > LONGEST_TEXT:
        return {"code": -1, "out": "", "err": f"an answer of {len(out)} bytes"}
    return {
        "code": process.returncode,
        "out": out.decode(errors="replace"),
        "err": err[-2000:].decode(errors="replace"),
    }


def answer(questions: dict[str, Any]) -> dict[str, Any]:
    """All answers: texts, modes and places of files by path, what commands say by name."""
    answers: dict[str, Any] = {"texts": {}, "modes": {}, "places": {}, "commands": {}}
    for kind, look in (("texts", read_text), ("modes", look_at), ("places", measure)):
        for pattern in questions[kind]:
            answers[kind].update({path: look(path) for path in sorted(glob.glob(pattern))})
    with tempfile.TemporaryDirectory(prefix="meshstrap-verify-", dir=MEMORY) as home:
        settings = {"PATH": SYSTEM_PATH, "HOME": home, "LC_ALL": "C", "TZ": "UTC", **questions["settings"]}
        with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
            waiting = {
                name: pool.submit(run, command, seconds, settings)
                for name, (command, seconds) in questions["commands"].items()
            }
            answers["commands"] = {name: one.result() for name, one in waiting.items()}
    return answers


def main(questions: str) -> None:
    """Answer what is asked in JSON, in JSON."""
    sys.stdout.write(json.dumps(answer(json.loads(questions))) + "\n")
