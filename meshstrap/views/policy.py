"""The tailnet's policy for people: each line with its reason, or what an existing policy lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

import json5
from pydantic import BaseModel, Field, ValidationError

from meshstrap.errors import PolicyInvalid
from meshstrap.plan.model import Plan
from meshstrap.plan.policy import Grant, Policy, derive_policy
from meshstrap.views.words import say

Document = Mapping[str, Any]

_EVERYTHING = "*"
# What a tailnet was born with before there were grants.
_OPEN = {"action": "accept", "src": ["*"], "dst": ["*:*"]}
_WANTED = {
    "list_type": "a list, […],",
    "dict_type": "an object, {…},",
    "model_type": "an object, {…},",
    "string_type": "a text",
}
_JSON5 = re.compile(r"<string>:(\d+) (.*) at column (\d+)", re.DOTALL)


class _Grant(BaseModel):
    src: list[str] = []
    dst: list[str] = []
    ip: list[str] = []


class _Approvers(BaseModel):
    routes: dict[str, list[str]] = {}


class _Theirs(BaseModel):
    """As much of a policy as is read here; the rest may be anything."""

    tag_owners: dict[str, list[str]] = Field({}, alias="tagOwners")
    grants: list[_Grant] = []
    acls: list[object] = []
    auto_approvers: _Approvers = Field(_Approvers(), alias="autoApprovers")


def policy_text(plan: Plan, language: str = "en") -> str:
    """The policy in HuJSON, JSON with comments. ``ValueError`` as for :func:`derive_policy`."""
    return "\n".join(_lines(plan, derive_policy(plan), language)) + "\n"


def policy_beside(plan: Plan, existing: str, name: str) -> tuple[Document, Document]:
    """A policy, and the same with what it lacks for this cluster behind what it has.

    ``PolicyInvalid`` when ``existing``, the text of the file ``name``, is no policy.
    """
    before = _read(existing, name)
    return before, _with(before, derive_policy(plan))


def policy_difference(plan: Plan, existing: str, name: str) -> str:
    """What a policy lacks for this cluster, as a difference between JSON without comments; empty: nothing.

    ``PolicyInvalid`` as for :func:`policy_beside`.
    """
    before, after = policy_beside(plan, existing, name)
    lines = [json.dumps(document, indent=2, ensure_ascii=False).splitlines() for document in (before, after)]
    return "\n".join(
        unified_diff(
            lines[0],
            lines[1],
            fromfile=name,
            tofile=f"{name}, with what {plan.name} needs",
            n=len(lines[0]),
            lineterm="",
        )
    )


def _lines(plan: Plan, policy: Policy, language: str) -> Iterator[str]:
    server = "Headscale" if plan.login_server else "Tailscale"
    yield f"// {say('policy', 'head', language, cluster=plan.name, server=server)}"
    yield "{"
    yield '  "tagOwners": {'
    yield f"    // {say('policy', 'owners_headscale' if plan.login_server else 'owners', language)}"
    yield from (f'    "{tag}": {json.dumps(owners)},' for tag, owners in policy.owners.items())
    yield "  },"
    yield '  "grants": ['
    for grant in policy.grants:
        yield from _grant(grant, language)
    yield "  ],"
    if policy.approvers:
        yield '  "autoApprovers": {'
        yield f"    // {say('policy', 'approvers', language)}"
        yield f'    "routes": {json.dumps(policy.document["autoApprovers"]["routes"])},'
        yield "  },"
    yield "}"


def _grant(grant: Grant, language: str) -> Iterator[str]:
    yield f"    // {say('policy', grant.reason, language)}"
    yield "    {"
    yield f'      "src": {json.dumps(grant.src)},'
    yield f'      "dst": {json.dumps(grant.dst)},'
    yield '      "ip": ['
    width = max(len(port.ports) for port in grant.ports) + 3
    for port in grant.ports:
        quoted = f'"{port.ports}",'
        yield f"        {quoted:<{width}} // {say('policy', port.reason, language)}"
    yield "      ],"
    yield "    },"


def _read(text: str, name: str) -> Document:
    try:
        # HuJSON is JSON with comments and trailing commas, and JSON5 has both.
        document: Document = json5.loads(text)
        _Theirs.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        wanted = _WANTED.get(first["type"], "something else")
        raise PolicyInvalid(
            f"{name}: {place} has to be {wanted} in a tailnet's policy; nothing was compared"
        ) from error
    except (ValueError, RecursionError) as error:
        said = _JSON5.sub(r"line \1, column \3: \2", str(error)) if text.strip() else "it is empty"
        raise PolicyInvalid(f"{name}: is no policy: {said}; nothing was compared") from error
    return document


def _with(document: Document, policy: Policy) -> Document:
    """The document with what it lacks behind what it has. Who owns a tag that it knows already is left alone."""
    wanted = policy.document
    owners = {**wanted["tagOwners"], **document.get("tagOwners", {})}
    known = document.get("tagOwners", {})
    in_order = {**known, **{tag: owners[tag] for tag in wanted["tagOwners"]}}
    grants = document.get("grants", [])
    needed = [] if _OPEN in document.get("acls", []) else wanted["grants"]
    lacking = [grant for grant in needed if not any(_covers(one, grant) for one in grants)]
    added = {"grants": [*grants, *lacking]} if lacking else {}
    return {**document, "tagOwners": in_order, **added, **_approvers(document, wanted)}


def _approvers(document: Document, wanted: Document) -> Document:
    """Whoever may approve already stays; for the cluster's subnet its nodes come beside them."""
    if "autoApprovers" not in wanted:
        return {}
    known = document.get("autoApprovers", {})
    routes = dict(known.get("routes", {}))
    for subnet, tags in wanted["autoApprovers"]["routes"].items():
        before = routes.get(subnet, [])
        routes[subnet] = [*before, *(tag for tag in tags if tag not in before)]
    return {"autoApprovers": {**known, "routes": routes}}


def _covers(grant: Document, wanted: Document) -> bool:
    return all(
        _EVERYTHING in grant.get(field, ()) or set(wanted[field]) <= set(grant.get(field, ()))
        for field in ("src", "dst", "ip")
    )
