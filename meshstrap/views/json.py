"""The plan for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from netaddr import IPAddress, IPNetwork
from pydantic import BaseModel

from meshstrap.plan.model import Plan


def plan_json(plan: Plan) -> str:
    """Every field of the plan as JSON; addresses and subnets are texts. There is no secret in a plan."""
    return json.dumps(asdict(plan), indent=2, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, IPAddress | IPNetwork):
        return str(value)
    message = f"no JSON for {type(value).__name__}"
    raise TypeError(message)
