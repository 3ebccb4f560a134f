"""The shape of every contract as one JSON document; ``python -m tests.shared.contracts.schemas`` writes it down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from thidua.contracts import CONTRACTS

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = GOLDEN / "schemas.json"


def contracts_document() -> dict[str, Any]:
    """Per wire type who may publish it, its kind of subject and its data's schema; what they share under ``$defs``."""
    asked = [(contract.data, "validation") for contract in CONTRACTS.values()]
    named, shared = models_json_schema(asked)
    types = {
        wire_type: {
            "roles": list(contract.data.ROLES),
            "scope": contract.scope,
            "schema": named[contract.data, "validation"],
        }
        for wire_type, contract in CONTRACTS.items()
    }
    return {"types": types, **shared}


def document_text() -> str:
    """The document as it is kept."""
    return json.dumps(contracts_document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    SCHEMAS.write_text(document_text(), encoding="utf-8")
