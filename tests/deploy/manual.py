"""
The operator's manual as a test: its commands, in its order, on a stack in which the seed year was played.

A block marked ``<!-- not run in the test: REASON -->`` is left out, and so are the spans in ``NOT_RUN``; everything
else that looks like a command is run as it stands, but for the ports, names and folders of the stack under test.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.deploy.stack import DEPLOY, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.stack import Stack

ROOT: Final = DEPLOY.parent
MANUAL: Final = DEPLOY / "README.md"
TLS: Final = "TLS"
BACKUP: Final = "Sao lưu · Backup"
LOST: Final = "Khi mất dữ liệu · When data is lost"
SPAN: Final = re.compile(r"`([^`\n]+)`")
LOOKS: Final = re.compile(
    r"(docker|make|curl|sudo|git|df|timedatectl|date|touch|rsync|SSL_CERT_FILE=\S+|thidua) "
    r"|(timedatectl|thidua-\S+ .*)$"
)
BLOCK: Final = re.compile(
    r"^(?:<!-- not run in the test: (?P<why>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
NOT_RUN: Final = {
    "make down": "in the table of commands: what follows needs the stack; it is run with the lost database",
    "make test-deploy": "this very test",
    "make bench ARGS='--load 600'": "ten minutes of the highest load on a system of its own",
    "make test-faults ARGS=--docker": "half an hour of faults on a stack of its own",
    "docker compose down -v": "what nobody may do",
    "sudo cat": "a part of a command",
    "thidua status --at door=https://…": "an example of an option",
    "thidua status --inside": "short for the command in the daily check",
    "docker system df": "of the whole machine",
    "docker image prune": "of the whole machine",
    "df -h": "of the whole machine",
    "timedatectl": "of the whole machine",
    "thidua access": "a part of a command",
    "thidua vault": "a part of a command",
    "thidua verify": "tests/audit runs it on every kind of copy",
    "sudo cp -a KEYS/. deploy/secrets/": "on another machine; tests/operators restores into another system",
    "SSL_CERT_FILE=certificate.pem thidua event send": "the year is sent through TLS with that variable",
}
"""Spans of the manual that look like commands and are left out, and why."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something to type, in the section it stands in; ``why_not`` says why the test leaves it out."""

    section: str
    text: str
    why_not: str | None = None


def commands() -> Iterator[Command]:
    """Every block and every span of the manual that looks like a command, in order."""
    manual = MANUAL.read_text(encoding="utf-8")
    for section in re.split(r"^## ", manual, flags=re.MULTILINE):
        title = section.partition("\n")[0].strip()
        end = 0
        for block in BLOCK.finditer(section):
            yield from _spans(title, section[end : block.start()])
            yield Command(title, block["text"], block["why"])
            end = block.end()
        yield from _spans(title, section[end:])


def _spans(title: str, text: str) -> Iterator[Command]:
    for span in SPAN.findall(text):
        if LOOKS.match(span):
            why_not = None if title == LOST and span == "make down" else NOT_RUN.get(span)
            yield Command(title, span, why_not)


def run_manual(
    stack: Stack, scratch: Path, *, only: str | None = None, but: tuple[str, ...] = ()
) -> int:
    """Run what is to be run of one section, or of all *but* some; how many commands that were."""
    count = 0
    done: set[str] = set()
    for command in commands():
        wanted = command.section == only if only is not None else command.section not in but
        # Said twice in a section it is one command; where data is lost each has its place.
        again = command.text in done and command.section != LOST
        if command.why_not is None and wanted and not again:
            type_in(stack, scratch, command.text)
            done.add(command.text)
            count += 1
    return count


def type_in(stack: Stack, scratch: Path, text: str) -> str:
    """What a command of the manual prints on this stack; raises ``StackError`` with what it said when it fails."""
    shims = scratch / "bin"
    shims.mkdir(exist_ok=True)
    sudo = shims / "sudo"
    if not sudo.exists():
        sudo.write_text('#!/bin/sh\nexec "$@"\n', encoding="utf-8")
        sudo.chmod(0o755)
    environment = stack.environment()
    environment["PATH"] = f"{shims}:{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    environment["COMPOSE_ENV_FILES"] = str(stack.settings)
    script = f"set -euo pipefail\ncd {ROOT}\n{_of_this_stack(stack, scratch, text)}"
    return run("bash", "-c", script, environment=environment, seconds=600)


def _of_this_stack(stack: Stack, scratch: Path, text: str) -> str:
    seen = f"--at door={stack.door_url} --at web={stack.pages_url}"
    for pattern, here in (
        (r"\bthidua_(?=[a-z])", f"{stack.project}_"),
        (r"\bthidua-archive-1\b", f"{stack.project}-archive-1"),
        (r"(?<!exec archive )\bthidua (status|doctor)\b", rf"thidua \1 {seen}"),
        (r"\bthidua doctor\b", f"thidua doctor --out {scratch / 'doctor.zip'}"),
        (r"\bthidua parked list\b", f"thidua parked list --reporting {stack.pages_url}"),
        (r"http://127\.0\.0\.1:8081", stack.door_url),
        (r"\bdeploy/backups(?=/)", str(scratch / "backups")),
        (r"/deploy/\.env(?= )", "/deploy/.env.example"),
        (r"(?<=/backups/)2026-11-25", "$(date +%F)"),
        (r"\blogs -f\b", "logs"),
        (r"(compose.yaml) (exec|run)\b", r"\1 \2 -T"),
    ):
        text = re.sub(pattern, here, text)
    return text
