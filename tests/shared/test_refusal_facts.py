"""What a judge says of a refusal is what the refusal's text needs: no reader sees a dash."""

from __future__ import annotations

import ast
from pathlib import Path

from thidua.refusals import CATALOGUE, Code

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "services").glob("*/domain/*.py"))


def said() -> dict[str, list[tuple[str, set[str]]]]:
    """The facts that stand in full beside a code in a domain, by code, with their place."""
    found: dict[str, list[tuple[str, set[str]]]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    args=[ast.Attribute(value=ast.Name(id="Code"), attr=code), ast.Dict() as facts]
                ) if None not in facts.keys:
                    names = {key.value for key in facts.keys if isinstance(key, ast.Constant)}
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    found.setdefault(code, []).append((place, names))
    return found


def test_every_fact_of_a_refusals_text_is_given_by_every_judge_that_refuses() -> None:
    found = said()
    assert len(found) > 20
    missing = {
        f"{code} at {place}": needed
        for code, places in found.items()
        for place, names in places
        if (needed := set(CATALOGUE[Code(code)].facts) - names)
    }
    # A list of names that is not complete has no value to quote.
    assert {code.split()[0] for code in missing} <= {"SCHEMA_INVALID"}, missing
