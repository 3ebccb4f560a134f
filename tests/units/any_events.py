"""Strategies for any schema-valid data of an event type, drawn from its own JSON schema."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from tests.units import year_2020 as year

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from thidua.contracts import EventData

POINTS: Final = ("0", "0.25", "0.5", "1", "4.5", "5", "10", "12", "-1", "99999.99", "-99999.99")
DATES: Final = ("2020-03-20", "2020-11-06", "2020-11-09", "2025-07-01", "0001-01-01", "9999-12-31")
UNIT_CODES: Final = (*year.UNITS, "TQU", "XYZ")
CRITERIA: Final = (*year.CODES, "I", "III", "IX")
OWNERS: Final = ("/units/LCA", "/units/XYZ", "/authorities/BVHTTDL", "/services/units")

POOLS: Final[dict[str, tuple[object, ...]]] = {
    **dict.fromkeys(
        ("unit", "units", "into", "receiving", "lead", "members", "checks", "present"), UNIT_CODES
    ),
    **dict.fromkeys(("of", "noticed", "chair", "signed", "declined"), UNIT_CODES),
    "target": ("khach-du-lich", "cua-khau", "khac"),
    **dict.fromkeys(("criterion", "code", "group"), CRITERIA),
    **dict.fromkeys(("kid", "new_kid", "root_kid"), ("BVHTTDL/root", "LCA/1", "LCA/2")),
    **dict.fromkeys(("protest", "adjustment"), ("khieu-nai-1", "thuong-1", "tru-1")),
    "authority": ("BVHTTDL", "BTP"),
    "cluster": (year.CLUSTER, "KHAC"),
    "owner": OWNERS,
    "service": ("units", "ballots", "weather"),
    "team": ("doan-1", "doan-2", "doan-9"),
    "title": ("co-bo", "ctdcp", "khac"),
    "about": ("co-bo", "chair", "ctdcp", "khac"),
    "year": (2019, 2020, 2025),
    "sha256": ("ab" * 32, "cd" * 32),
    "to": (
        "2020-11-30T00:00:00Z",
        "2019-01-01T00:00:00Z",
        "2020-11-30T00:00:00",
        "9999-12-31T23:59:59Z",
    ),
}


def any_data(data: type[EventData]) -> SearchStrategy[EventData]:
    """Any data of one event type, as it would come off the wire."""
    schema = data.model_json_schema()
    drawn = _of(schema, schema.get("$defs", {}), "")
    return drawn.map(lambda given: data.model_validate_json(json.dumps(given)))


def _of(schema: dict[str, Any], defs: dict[str, Any], name: str) -> SearchStrategy[Any]:
    if "$ref" in schema:
        return _of(defs[schema["$ref"].rsplit("/", 1)[1]], defs, name)
    if "anyOf" in schema:
        return st.one_of([_of(choice, defs, name) for choice in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "array":
            return _array(schema, defs, name)
        case "object":
            return _object(schema, defs)
        case kind:
            return _scalar(kind, schema, name)


def _array(schema: dict[str, Any], defs: dict[str, Any], name: str) -> SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    return st.lists(_of(schema["items"], defs, name), min_size=least, max_size=max(3, least))


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> SearchStrategy[Any]:
    if "properties" not in schema:
        return st.just({})
    required = {
        key: _of(part, defs, key)
        for key, part in schema["properties"].items()
        if key in schema.get("required", ())
    }
    optional = {
        key: _of(part, defs, key)
        for key, part in schema["properties"].items()
        if key not in schema.get("required", ())
    }
    return st.fixed_dictionaries(required, optional=optional)


def _scalar(kind: str, schema: dict[str, Any], name: str) -> SearchStrategy[Any]:
    if fitting := [value for value in POOLS.get(name, ()) if _fits(value, kind, schema)]:
        return st.sampled_from(fitting)
    if kind == "integer":
        low, high = schema.get("minimum", 0), schema.get("maximum", 10**6)
        return st.sampled_from(sorted({low, min(low + 1, high), min(low + 2, high), high}))
    if schema.get("format") == "date":
        return st.sampled_from(DATES)
    if r"\d{1,5}" in schema.get("pattern", ""):
        return st.sampled_from(POINTS)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"))
    return st.sampled_from(("Theo quy định", "x" * schema.get("minLength", 1)))


def _fits(value: object, kind: str, schema: dict[str, Any]) -> bool:
    if isinstance(value, str):
        return kind == "string" and re.search(schema.get("pattern", ""), value) is not None
    return kind == "integer"
