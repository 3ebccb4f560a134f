"""What the pages of this repository say of it is true: links, paths, targets, commands and settings."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer
from typer.main import get_command

from services.reporting.app import ReportingSettings
from services.units.door_app import DoorSettings
from thidua.cli.app import app
from thidua.serving import ServiceSettings
from thidua.settings import Settings

if TYPE_CHECKING:
    from click import Command

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(
    r"(?:[\w.-]+/)*[\w.-]+\.(?:py|md|lua|html|css|toml|jsonl|json|yaml|cjs)|(?:[\w.-]+/){2,}"
)
MADE_WHEN_RUN = re.compile(
    r"^(thidua\.toml|delegate\.json|outbox\.jsonl)$|^deploy/(\.env|secrets/|backups/)|^founded\.json$|^/|daemon\.json$|^(last-backup|manifest|redis|gate)\.json$"
)
SETTING = re.compile(r"\bTHIDUA_[A-Z_]*[A-Z]\b")


class Block(NamedTuple):
    language: str
    text: str


def listed(*patterns: str) -> list[Path]:
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in told.stdout.split("\0") if (path := ROOT / name).is_file()]


PAGES = listed("*.md")
EACH_PAGE = pytest.mark.parametrize(
    "page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES]
)


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(text(page))]


def spans(page: Path) -> list[str]:
    return SPAN.findall(FENCE.sub("", text(page)))


def shell_lines(page: Path) -> list[str]:
    """What a reader may type: code spans, and the lines of blocks in no other language; comments left out."""
    typed = [
        line
        for block in blocks(page)
        if block.language in ("", "sh")
        for line in block.text.splitlines()
    ]
    return [line.split(" #")[0].strip() for line in (*typed, *spans(page))]


@cache
def targets() -> frozenset[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def loaded(command: object, name: str) -> Command:
    if isinstance(command, typer.Typer):
        return get_command(command)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(command)
    return get_command(alone)


@cache
def commands() -> dict[str, Command]:
    """Every command by the words that call it, the application's own among them."""
    found: dict[str, Command] = {}

    def walk(words: str, command: Command) -> None:
        inner = getattr(command, "commands", None)
        if inner is None:
            found[words] = command
        for name, one in (inner or {}).items():
            walk(f"{words} {name}", one)

    walk("thidua", get_command(app))
    for point in entry_points(group="thidua.commands"):
        walk(f"thidua {point.name}", loaded(point.load(), point.name))
    walk("python -m services", get_command(import_module("services.__main__").app))
    return found


def options(command: Command) -> set[str]:
    return {"--help"} | {
        name for one in command.params for name in (*one.opts, *one.secondary_opts)
    }


def called(line: str) -> list[tuple[str, list[str]]]:
    """The commands a line calls, each with the options it shows; ``sign|send`` calls both."""
    calls = []
    for part in re.split(r"\s(?:&&|\|)\s", line):
        words = re.sub(r"^(?:[A-Z_]+=\S+ )+|\.venv/bin/", "", part).split()
        shown = [option.strip("[]") for option in words if option.startswith(("--", "[--"))]
        for name in commands():
            needed = name.split()
            given = words[: len(needed)]
            if len(given) == len(needed) and all(
                need in have.split("|") for need, have in zip(needed, given, strict=True)
            ):
                calls.append((name, [option.split("=")[0] for option in shown]))
    return calls


@EACH_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", text(page))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", text(there), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in slugs, target


@EACH_PAGE
def test_every_path_that_is_named_exists(page: Path) -> None:
    for named in spans(page):
        if not PATH.fullmatch(named) or MADE_WHEN_RUN.search(named):
            continue
        near = [folder / named for folder in (page.parent, ROOT, page.parent / "domain")]
        assert any(path.exists() for path in near), named


@EACH_PAGE
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    for line in shell_lines(page):
        for target in re.findall(r"(?:^|[;&] ?|\$ )make ([a-z][a-z-]*)", line):
            assert target in targets(), line


def test_make_help_offers_only_targets_that_exist() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    offered = re.findall(r"\bmake ([a-z-]+)", told.stdout)
    assert offered
    assert set(offered) <= targets()


@EACH_PAGE
def test_every_command_that_is_named_exists_with_the_options_shown(page: Path) -> None:
    for line in shell_lines(page):
        first = re.sub(r"^(?:[A-Z_]+=\S+ )+|\.venv/bin/", "", line)
        if not re.match(r"(thidua|python -m services) [a-z]", first):
            continue
        calls = called(line)
        groups = {name.rsplit(" ", 1)[0] for name in commands()}
        assert calls or first in groups, line
        for name, shown in calls:
            assert set(shown) <= options(commands()[name]), line


@EACH_PAGE
def test_what_is_handed_to_the_demo_are_options_of_it(page: Path) -> None:
    for _, arguments in re.findall(r"make demo ARGS=(['\"])(.*?)\1", text(page)):
        shown = {word for word in arguments.split() if word.startswith("--")}
        assert shown <= options(commands()["thidua demo"]), arguments


def test_every_command_is_shown_somewhere() -> None:
    shown = {name for page in PAGES for line in shell_lines(page) for name, _ in called(line)}
    ours = {name for name in commands() if name.startswith("thidua ")}
    assert ours - shown == set()


@EACH_PAGE
def test_a_block_of_code_is_of_the_language_it_says(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            json.loads(block.text)
        if block.language == "python":
            imports = [
                node for node in ast.parse(block.text).body if isinstance(node, ast.ImportFrom)
            ]
            for one in imports:
                module = import_module(one.module or "")
                assert all(hasattr(module, name.name) for name in one.names), ast.unparse(one)
        if block.language in ("sh", "bash"):
            read = subprocess.run(["bash", "-n"], input=block.text, text=True, check=False)
            assert read.returncode == 0, block.text


@cache
def read_by_code() -> frozenset[str]:
    """Every setting that something other than a page names, or a class of settings declares."""
    named = {
        name
        for path in listed()
        if path.suffix not in {".md", ".png", ".lock"} and path != Path(__file__)
        for name in SETTING.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    declared = {
        f"THIDUA_{name}".upper()
        for kind in (Settings, DoorSettings, ServiceSettings, ReportingSettings)
        for name in kind.model_fields
    }
    return frozenset(name.removesuffix("_FILE") for name in named | declared)


@EACH_PAGE
def test_every_setting_that_a_page_names_is_read_somewhere(page: Path) -> None:
    named = set(SETTING.findall(text(page)))
    assert {name for name in named if name.removesuffix("_FILE") not in read_by_code()} <= {
        "THIDUA_ENV_FILE"
    }


def test_every_setting_that_the_code_names_stands_in_a_page() -> None:
    explained = {name for page in PAGES for name in SETTING.findall(text(page))}
    library = listed("services/*.py", "shared/*.py", "tests/conftest.py")
    named = {
        name for path in library for name in re.findall(r'"(THIDUA_[A-Z_]*[A-Z])"', text(path))
    }
    explained |= {name.removesuffix("_FILE") for name in explained}
    assert {name.removesuffix("_FILE") for name in named} <= explained
