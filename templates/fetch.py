"""Fetches the code that bootstrap.sh lacks, and starts it. A try that fails says why; the unit makes the next one.

Neither this nor a comment in here travels.
"""

import fcntl
import hashlib
import json
import os
import ssl
import sys
import time
import urllib.request

script = "/opt/meshstrap/bootstrap.sh"
status = "/var/lib/meshstrap/status.json"
url, sha256, size, ca, node, role, plan, steps, *flags = sys.argv[1:]


# On the disk before it has its name: a power cut leaves the old file or the new one.
def put(path, data):
    with open(path + ".new", "wb") as new:
        new.write(data)
        new.flush()
        os.fsync(new)
    os.replace(path + ".new", path)


# In the form of scripts/lib/status.sh, which those who read it know.
def say(state, message, todo=""):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(now, state, message, file=sys.stderr)
    told = dict(schema=1, node=node, role=role, plan_hash=plan, tries=tries, state=state, step="-", next=todo, facts={})
    told |= dict(message=message.encode("ascii", "replace").decode(), started=now, updated=now)
    told["steps"] = [dict(name=name, state="pending", started="", seconds=0) for name in steps.split()]
    put(status, json.dumps(told).encode())


# What does not come, or is not what the plan says, ends as a sentence about it.
def fetch():
    context = ssl.create_default_context()
    if ca:
        context.load_verify_locations(cadata=ca)
    with urllib.request.urlopen(url, timeout=30, context=context) as answer:
        code = answer.read(int(size) + 1)
    got = hashlib.sha256(code).hexdigest()
    if got == sha256:
        return code
    if code.lstrip().startswith(b"<"):
        raise OSError("a web page came: does a proxy answer?")
    if len(code) < int(size):
        raise OSError(f"only {len(code)} of {size} bytes came")
    raise OSError(f"what came has sha256 {got}, not {sha256}")


if flags:
    sys.exit(open(status).read())
lock = open("/run/meshstrap.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
os.makedirs(os.path.dirname(status), exist_ok=True)
tries = json.load(open(status))["tries"] + 1 if os.path.exists(status) else 1
# Another run may have fetched it while this one waited for the lock.
values, lacking, _ = open(script, "rb").read().rpartition(b"exec python3 " + sys.argv[0].encode())
if lacking:
    say("running", "fetching " + url)
    try:
        code = fetch()
    except Exception as error:
        say("waiting", f"no code from {url}: {error}", "put the file of generated/code/ there; curl -I " + url)
        sys.exit(75)
    put(script, values + code)
    os.chmod(script, 0o755)
os.execv("/bin/bash", ["bash", script])
