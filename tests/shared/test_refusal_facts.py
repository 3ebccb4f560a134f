"""What a judge says of a refusal is what the refusal's text needs: no reader sees a dash."""

from __future__ import annotations

import ast
from pathlib import Path

from thidua.refusals import CATALOGUE, ELSEWHERE, Code

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "services").glob("*/domain/*.py"))


def said() -> dict[str, list[tuple[str, set[str]]]]:
    """The facts that stand in full beside a code in a domain, by code, with their place."""
    found: dict[str, list[tuple[str, set[str]]]] = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case ast.Call(args=[ast.Attribute(value=ast.Name(id="Code"), attr=code), facts]):
                    told = in_full(facts, tree)
                    if told is None or None in told.keys:
                        continue
                    names = {key.value for key in told.keys if isinstance(key, ast.Constant)}
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    found.setdefault(code, []).append((place, names))
    return found


def in_full(facts: ast.expr, tree: ast.Module) -> ast.Dict | None:
    """The dictionary itself, or the one last given that name before."""
    match facts:
        case ast.Dict():
            return facts
        case ast.Name(id=name):
            before = [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign)
                and node.lineno < facts.lineno
                and isinstance(node.value, ast.Dict)
                and any(isinstance(to, ast.Name) and to.id == name for to in node.targets)
            ]
            return max(before, key=lambda value: value.lineno, default=None)
    return None


def test_every_fact_of_a_refusals_text_is_given_by_every_judge_that_refuses() -> None:
    found = said()
    assert len(found) > 20
    missing = {
        f"{code} at {place}": needed
        for code, places in found.items()
        for place, names in places
        if (
            needed := {
                fact
                for fact in CATALOGUE[Code(code)].facts
                if fact not in names and ELSEWHERE.get(fact) not in names
            }
        )
    }
    # A list of names that is not complete has no value to quote.
    assert {code.split()[0] for code in missing} <= {"SCHEMA_INVALID"}, missing
