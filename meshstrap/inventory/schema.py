"""The JSON Schema of an inventory, which editors complete from and check with."""

from __future__ import annotations

from typing import Any

from meshstrap.inventory.model import Inventory


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. Looser than the loader: it knows the fields, not the rules across them."""
    schema = Inventory.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "meshstrap inventory"}
