"""What a refusal states in English or in words of the wire is read in Vietnamese, and nobody's own text is translated."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.ballots.domain.state import Ballot, Conference
from thidua.clock import parse_rfc3339
from thidua.contracts.ballots import Mode, Office
from thidua.contracts.base import Role
from thidua.contracts.envelope import Envelope
from thidua.contracts.registry import CONTRACTS
from thidua.contracts.rulebook import Rule
from thidua.contracts.units import PointsAdjusted, ReportSubmitted
from thidua.errors import MalformedError
from thidua.evidence import DownloadStatement, UploadStatement
from thidua.fact_phrases import JSON_FAULTS, MEMBERS, PHRASES
from thidua.fact_steps import BY_FACT, STEPS
from thidua.fact_words import said
from thidua.receipts import Receipt
from thidua.refusals import CATALOGUE, Code, problem
from thidua.standing import Key, Officer
from thidua.strict_json import parse_payload

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for pattern in (
        "services/*/domain/*.py",
        "services/units/**/*.py",
        "services/ballots/page/site.py",
        "services/heads_in_time.py",
        "shared/thidua/*.py",
        "shared/thidua/contracts/*.py",
        "shared/thidua/voting/*.py",
        "shared/thidua/custody/recount.py",
        "shared/thidua/custody/told.py",
        "shared/thidua/cli/ballot_checks.py",
        "shared/thidua/audit/secret.py",
    )
    for path in ROOT.glob(pattern)
    if path.stem not in {"refusals", "fact_words", "evolve"}
)
QUOTED = re.compile(r"“\{(\w+)\}”")
PLAIN = re.compile(r"\{(\w+)\}")
FACTS = {
    name
    for refusal in CATALOGUE.values()
    for name in PLAIN.findall(QUOTED.sub("", refusal.detail_vi))
}
"""Facts that some refusal shows as no mere name."""
ERRORS = {"MalformedError", "SignatureError", "BallotFaultError", "EnvelopeError", "Finding"}
SAMPLES = (
    "7", "LCH", "2021-01-15", "open", "ranking", "chair", "yearly", "registration",
    "slips-issued", "/units/LCH", "sealed", "quorum", "sha1 or sha256", "x",
)  # fmt: skip


class Text(NamedTuple):
    """What the code says of a fact: pieces of text, ``None`` for what it puts in; and where."""

    fact: str
    pieces: tuple[str | None, ...]
    place: str

    def __str__(self) -> str:
        return "".join("{}" if piece is None else piece for piece in self.pieces)

    def worded(self) -> bool:
        gaps = sum(piece is None for piece in self.pieces)
        return any(
            said(self.fact, self.filled(iter(values))) for values in product(SAMPLES, repeat=gaps)
        )

    def filled(self, values: Iterator[str]) -> str:
        return "".join(next(values) if piece is None else piece for piece in self.pieces)


class Module:
    """One source: its functions, what it imports, and the texts it says of facts."""

    def __init__(self, path: Path) -> None:
        self.place = path.relative_to(ROOT).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.functions = {
            node.name: node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self.imported = {
            alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    def scope(self, line: int) -> ast.AST:
        around = [
            function
            for function in self.functions.values()
            if function.lineno <= line <= (function.end_lineno or 0)
        ]
        return max(around, key=lambda function: function.lineno, default=self.tree)


@cache
def modules() -> list[Module]:
    return [Module(path) for path in SOURCES]


def function(
    name: str, module: Module
) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, Module] | None:
    if name in module.functions:
        return module.functions[name], module
    if name in module.imported:
        for other in modules():
            if name in other.functions:
                return other.functions[name], other
    return None


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def pieces(value: ast.expr, module: Module, depth: int = 0) -> Iterator[tuple[str | None, ...]]:
    """The texts that *value* may be, as far as they stand in the code."""
    inner: list[ast.expr] = []
    match value:
        case ast.Constant(value=str(text)):
            yield (text,)
        case ast.JoinedStr(values=parts):
            yield tuple(str(p.value) if isinstance(p, ast.Constant) else None for p in parts)
            inner = [p.value for p in parts if isinstance(p, ast.FormattedValue)]
        case ast.IfExp(body=one, orelse=other):
            inner = [one, other]
        case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            inner = parts
        case ast.Starred(value=part):
            inner = [part]
        case ast.Name(id=name):
            inner = list(assigned(name, module, value.lineno))
        case ast.Call() if (found := function(called(value), module)) is not None:
            node, module = found
            inner = [r.value for r in ast.walk(node) if isinstance(r, ast.Return) and r.value]
    if depth < 8:
        for part in inner:
            yield from pieces(part, module, depth + 1)


def assigned(name: str, module: Module, line: int) -> Iterator[ast.expr]:
    for scope in (module.scope(line), module.tree):
        for node in ast.walk(scope) if scope is not module.tree else module.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield value
                case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if (
                    target == name
                ):
                    yield value
                case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                    yield value
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=target), attr="append"), args=[value]
                ) if target == name:
                    yield value


def stated(node: ast.AST, module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Facts and what is said of them, in a dictionary of facts or in a call that makes one."""
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), value
        case ast.Call(args=args, keywords=keywords):
            name = called(node)
            found = function(name, module)
            if name in ERRORS or found is not None:
                yield from ((each.arg, each.value) for each in keywords if each.arg)
            if name in {"MalformedError", "BallotFaultError"}:
                order = {"MalformedError": "code path given expected"}.get(name)
                yield from zip((order or "path expected given").split(), args, strict=False)
            elif found is not None:
                names = [arg.arg for arg in found[0].args.args if arg.arg != "self"]
                yield from zip(names, args, strict=False)
                rest = found[0].args.vararg
                if rest is not None:
                    yield from ((rest.arg, arg) for arg in args[len(names) :])


@cache
def texts() -> frozenset[Text]:
    """Everything that is said of a fact that refusals show."""
    return frozenset(
        Text(fact, text, f"{module.place}:{value.lineno}")
        for module in modules()
        for node in ast.walk(module.tree)
        for fact, value in stated(node, module)
        if fact in FACTS
        for text in pieces(value, module)
    )


def values(owner: type, member: str) -> tuple[str, ...]:
    return get_args(get_type_hints(owner)[member])


VOCABULARIES: dict[str, tuple[str, ...]] = {
    "required": tuple(role.value for role in Role),
    "mode": get_args(Mode),
    "about": get_args(Office),
    "rule": get_args(Rule),
    "kind": (*values(ReportSubmitted, "kind"), *values(PointsAdjusted, "kind")),
    "status": (*values(Key, "status"), *values(Officer, "status")),
    "state": (
        *(f"conference {state}" for state in values(Conference, "state")),
        *(f"box {state}" for state in values(Ballot, "box")),
    ),
    "needed": tuple(name.split(".")[2] for name in CONTRACTS),
}
"""Words that facts have from a closed list, by the fact or the member they stand in."""
EXAMPLES = {
    "n": "7", "m": "7", "day": "2021-01-15", "moment": "2021-01-15T08:00:00Z", "values": "'1.0'", "unit": "LCH", "other": "SLA",
    "year": "2021", "next": "2022", "word": "chair", "fault": "ladder and bands at once", "rule": "registration",
    "event": "slips-issued", "about": "chair", "owner": "/units/LCH", "version": "units/2",
}  # fmt: skip
INNER = {"word", "rule", "event", "owner", "fault", "about"}
SAID_WITHOUT_THEIR_LETTERS = {
    "''": "what ascii() makes of nothing",
    "a number": "looked up by its type",
    "a time is written as in RFC 3339, such as {example}": "the text of a ValueError",
    "a time lies between the years 1 and 9999": "the text of a ValueError",
    "member {unit}": "begins with a role",
    "{title}: {unit} < {other}": "joined of its parts",
    "{event} {title} {unit}": "begins with an event's name",
}
NO_WORDS = {
    "UTF-8": "a name",
    "JSON": "a name",
    "Thidua": "a name",
    "thidua-upload+jws": "a name",
    "thidua-download+jws": "a name",
    "heic": "a kind of file",
    "mp4": "a kind of file",
    "webp": "a kind of file",
    "alg {}": "a member and its value",
    "uuid {}": "a member and its value",
    "{}, {} working days": "DEADLINE_PASSED has the rule for machines",
    "uploading": "where an upload stands is no refusal",
    "scanning": "where an upload stands is no refusal",
    "stored": "where an upload stands is no refusal",
    "recorded": "where an upload stands is no refusal",
    "unrecorded": "where an upload stands is no refusal",
    "không bị tạm dừng xét": "a finding that holds refuses nobody",
    "xếp hạng {}": "a finding that holds refuses nobody",
    "đăng ký ngày {}": "a finding that holds refuses nobody",
    "ký giao ước ngày {}": "a finding that holds refuses nobody",
    "được xét lại: {}": "a finding that holds refuses nobody",
    "được xét ngoại lệ: {}": "a finding that holds refuses nobody",
    "tạm dừng nhưng vẫn được xét theo quy chế: {}": "a finding that holds refuses nobody",
}


def test_what_is_said_of_a_fact_has_its_words_or_needs_none() -> None:
    assert len(texts()) > 300
    # Without a letter of its own a text is figures and signs around values.
    told = [text for text in texts() if any(map(str.isalpha, str(text)))]
    wordless = {str(text): text.place for text in told if not text.worded()}

    assert {text: place for text, place in wordless.items() if text not in NO_WORDS} == {}
    assert NO_WORDS.keys() - wordless.keys() == set()


def test_no_words_stand_ready_for_what_nobody_says() -> None:
    spoken = [
        (text.fact, re.compile("".join(".+" if p is None else re.escape(p) for p in text.pieces)))
        for text in texts()
        if any(map(str.isalpha, str(text)))
    ]
    plain = {piece for text in texts() for piece in (str(text), str(text).partition(": ")[2])}
    known = {word for vocabulary in VOCABULARIES.values() for word in vocabulary}

    def is_said(fact: str | None, row: str) -> bool:
        example = PLAIN.sub(lambda gap: EXAMPLES.get(gap[1], "x"), row)
        return (
            row in known
            or PLAIN.sub("{}", row) in plain
            or any(shape.fullmatch(example) and fact in {None, name} for name, shape in spoken)
        )

    by_others = {row[0] for row in (*MEMBERS, *JSON_FAULTS)}
    ours = [row[0] for row in (*PHRASES, *STEPS) if row[0] not in by_others]
    unsaid = {text for text in ours if not is_said(None, text)}
    assert unsaid == SAID_WITHOUT_THEIR_LETTERS.keys()
    assert [row[:2] for row in BY_FACT if not is_said(*row[:2])] == []


def test_no_phrase_stands_twice_and_all_are_composed() -> None:
    rows = [row[0] for row in (*PHRASES, *STEPS)]
    assert len(rows) == len(set(rows))
    said_by_us = [text for row in (*PHRASES, *STEPS, *BY_FACT) for text in row]
    assert [text for text in said_by_us if not unicodedata.is_normalized("NFC", text)] == []


@pytest.mark.parametrize("row", [row for row in (*PHRASES, *STEPS) if PLAIN.search(row[0])])
def test_no_phrase_is_hidden_behind_a_wider_one(row: tuple[str, ...]) -> None:
    def filled(template: str) -> str:
        return PLAIN.sub(lambda gap: EXAMPLES.get(gap[1], "x"), template)

    def in_vietnamese(gap: re.Match[str]) -> str:
        words = said(gap[1], filled(gap[0])) if gap[1] in INNER else None
        return words.vi if words else filled(gap[0])

    words = said("", filled(row[0]))

    assert words is not None
    assert words.vi == PLAIN.sub(in_vietnamese, row[1]).replace("{{", "{").replace("}}", "}")


def test_every_word_of_the_wire_that_a_fact_may_hold_is_known() -> None:
    unknown = {
        (fact, word)
        for fact, words in VOCABULARIES.items()
        for word in words
        if said(fact, word) is None
    }
    assert unknown == set()


GOOD = "2021-01-15T08:00:00+07:00"
BAD: tuple[object, ...] = (None, True, -1, 2**70, 1.5, "", "x", "9" * 400, GOOD, [], {}, {"x": 1})


def faults(model: type[BaseModel]) -> Iterator[tuple[str, object]]:
    """What pydantic may say of *model* in JSON, and what it found there."""
    for document in ({name: bad} for name in (*model.model_fields, "stranger") for bad in BAD):
        try:
            model.model_validate_json(json.dumps(document))
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False):
                yield each["msg"], each["input"]


@pytest.mark.parametrize("model", [Envelope, Receipt, UploadStatement, DownloadStatement])
def test_what_pydantic_finds_in_a_message_is_said_in_vietnamese(model: type[BaseModel]) -> None:
    told = list(faults(model))
    assert len(told) > 20
    assert {text for text, _ in told if said("expected", text) is None} == set()
    kinds = {type(found).__name__ for _, found in told}
    assert {kind for kind in kinds if said("given", kind) is None} == set()


@pytest.mark.parametrize(
    "raw",
    [
        "", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{"a":[1,]}', "{1}", '{"a":1}}', '{"a',
        '{"a":"\n"}', r'{"a":"\x"}', r'{"a":"\u12"}', "[1 2]", '{"a":nul}', "\ufeff{}",
    ],
)  # fmt: skip
def test_what_is_wrong_with_json_is_said_in_vietnamese(raw: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_payload(raw.encode())

    words = said("given", caught.value.given)
    assert words is not None, caught.value.given
    assert "ở ký tự thứ" in words.vi


@pytest.mark.parametrize("text", ["yesterday", "0001-01-01T00:00:00+07:00", "2021-01-15"])
def test_what_is_wrong_with_a_moment_is_said_in_vietnamese(text: str) -> None:
    with pytest.raises(ValueError, match="a time") as caught:
        parse_rfc3339(text)

    assert said("expected", str(caught.value)) is not None


@given(st.text(max_size=60), st.sampled_from(sorted(FACTS)))
def test_what_a_stranger_sent_in_quotation_marks_is_never_put_into_words(
    text: str, fact: str
) -> None:
    assert text == "" or said(fact, ascii(text)) is None


@given(
    st.sampled_from([row for row in (*PHRASES, *STEPS) if PLAIN.search(row[0])]),
    st.text(alphabet="{}() no member LCH:<=7", min_size=1, max_size=190),
)
def test_no_text_makes_a_phrase_fail_or_take_long(row: tuple[str, ...], text: str) -> None:
    words = said("given", PLAIN.sub(lambda _: text, row[0]))

    assert words is None or (words.vi and words.en)


def test_a_name_is_never_put_into_words() -> None:
    words = CATALOGUE[Code.NOT_FOUND].words({"given": "paper"})

    assert (words.detail_vi, words.detail_en) == ("Không có “paper”.", "There is no “paper”.")


def test_what_stands_on_the_wire_stays_as_the_judge_said_it() -> None:
    facts = {"state": "box none", "needed": "box-sealed"}

    told = problem(Code.STATE_FORBIDS, facts)

    assert told["facts"] == facts
    assert (
        told["detail_vi"] == "Bước hiện tại: hòm phiếu chưa niêm phong. Cần: niêm phong hòm phiếu."
    )
    assert told["detail_en"] == "Present step: the box is not sealed. Needed: box sealed."


def test_names_inside_a_phrase_are_called_as_where_it_is_read() -> None:
    called = {"LCH": "Sở VHTTDL Lai Châu", "2021-03-01": "01/03/2021"}

    words = CATALOGUE[Code.ALREADY_DONE].words(
        {"what": "name of LCH from 2021-03-01"}, lambda text: called.get(text, text)
    )

    assert words.detail_vi == "Đã có: tên của Sở VHTTDL Lai Châu từ ngày 01/03/2021."


@pytest.mark.parametrize(
    ("code", "facts", "told"),
    [
        (
            Code.BOARD_INVALID,
            {"needed": "nominees outside the counting board", "given": "LCH"},
            "Chưa đúng: đơn vị được đề cử có người trong ban kiểm phiếu.",
        ),
        (
            Code.EXCLUSIVE_TITLE,
            {"unit": "LCH", "title": "co", "holds": "bang-khen"},
            "“LCH” đã có “bang-khen”, nên không nhận thêm “co” trong cùng năm.",
        ),
        (
            Code.ROLE_REQUIRED,
            {"required": ["chair", "deputy"], "held": []},
            "Cần vai trò: Cụm trưởng, Cụm phó. Đơn vị đang có: không vai trò nào.",
        ),
    ],
)
def test_no_reader_sees_a_dash_for_a_fact_of_another_name_or_an_empty_list(
    code: Code, facts: dict[str, object], told: str
) -> None:
    assert CATALOGUE[code].words(facts).detail_vi == told
