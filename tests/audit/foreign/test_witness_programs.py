"""Four ``litewitness`` and three ``thidua witness`` processes cosign one log, and no other under its key."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx
import pytest

from services.reporting.cosigning import Cosigning
from tests.reporting.archives import ORIGIN, archive_in, signer
from tests.reporting.year import year_2020
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteKey, unsigned
from thidua.tlog.policy import Group, Policy
from thidua.tlog.tiles import TileFolder
from thidua.tlog.witness import write_request
from thidua.tlog.writing import TileWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.foreign, pytest.mark.fetched]

THEIRS: Final = ("CBG", "DBN", "HGI", "LCA")
OURS: Final = ("LCH", "LSN", "SLA")
YEAR: Final = year_2020().raw
DEADLINE: Final = 60


class Running(NamedTuple):
    """A witness's public key, where it answers, and its process."""

    key: NoteKey
    url: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started(command: list[str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def said(process: subprocess.Popen[bytes], output: Path, pattern: str) -> re.Match[str]:
    """What a process that is starting says of itself."""
    deadline = time.monotonic() + DEADLINE
    while (match := re.search(pattern, output.read_text(encoding="utf-8"))) is None:
        assert process.poll() is None, output.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, output.read_text(encoding="utf-8")
        time.sleep(0.05)
    return match


def answering(one: Running) -> Running:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            httpx.get(one.url, timeout=5)
        except httpx.TransportError:
            assert one.process.poll() is None
            assert time.monotonic() < deadline, one.url
            time.sleep(0.05)
        else:
            return one


def called(*command: str, env: dict[str, str] | None = None) -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | (env or {})
    ).stdout


@contextmanager
def litewitness(name: str, debian: Path, folder: Path) -> Iterator[Running]:
    """Theirs: it takes its key from an SSH agent of its own."""
    for program in ("ssh-agent", "ssh-add", "ssh-keygen"):
        assert shutil.which(program), f"{program} is not here: apt-get install openssh-client"
    programs, agent, key = debian / "usr/bin", folder / "agent", folder / "key"
    called("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    print_of = called("ssh-keygen", "-lf", f"{key}.pub").split()[1]
    database, control = str(folder / "seen.db"), str(programs / "witnessctl")
    called(control, "add-log", "-db", database, "-origin", ORIGIN)
    vkey = signer().public.vkey
    called(control, "add-key", "-db", database, "-origin", ORIGIN, "-key", vkey)
    port = free_port()
    asked = [str(programs / "litewitness"), "-db", database, "-key", print_of]
    asked += ["-name", f"{name.lower()}.example.vn/cosigner", "-ssh-agent", str(agent)]
    asked += ["-listen", f"127.0.0.1:{port}"]
    with started(["ssh-agent", "-D", "-a", str(agent)], folder / "agent.log") as keeper:
        deadline = time.monotonic() + DEADLINE
        while not agent.exists():
            assert keeper.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        called("ssh-add", "-q", str(key), env={"SSH_AUTH_SOCK": str(agent)})
        output = folder / "log"
        with started(asked, output) as process:
            told = said(process, output, r"vkey\"?[=:]\"?([^\s\"]+)")
            yield answering(Running(NoteKey.parse(told[1]), f"http://127.0.0.1:{port}", process))


@contextmanager
def thidua_witness(name: str, folder: Path) -> Iterator[Running]:
    """Ours, as a province runs it."""
    key = folder / "key.pem"
    key.write_bytes(SigningKey.generate(Algorithm.EDDSA).to_pem())
    program = Path(sys.executable).parent / "thidua"
    asked = [str(program), "witness", "run", "--key-file", str(key)]
    asked += ["--name", f"{name.lower()}.example.vn/cosigner", "--log", signer().public.vkey]
    asked += ["--home", str(folder / "seen"), "--port", "0"]
    output = folder / "log"
    with started(asked, output) as process:
        told = said(process, output, r"(\S+) (http://\S+)\n")
        yield answering(Running(NoteKey.parse(told[1]), told[2], process))


@pytest.fixture
def seven(debian: Path, tmp_path: Path) -> Iterator[dict[str, Running]]:
    with ExitStack() as stack:
        running = {}
        for name in (*THEIRS, *OURS):
            folder = tmp_path / name
            folder.mkdir()
            one = (
                litewitness(name, debian, folder)
                if name in THEIRS
                else thidua_witness(name, folder)
            )
            running[name] = stack.enter_context(one)
        yield running


def policy_of(seven: dict[str, Running]) -> Policy:
    return Policy(
        signer().public,
        {name: one.key for name, one in seven.items()},
        {"tinh": Group(5, tuple(seven))},
        "tinh",
        {name: one.url for name, one in seven.items()},
    )


async def test_five_of_seven_processes_make_a_checkpoint_final_and_a_fork_gets_none(
    seven: dict[str, Running], tmp_path: Path
) -> None:
    policy = policy_of(seven)
    honest, forked = archive_in(tmp_path / "honest"), archive_in(tmp_path / "forked")
    honest.seal(YEAR[:50])
    forked.seal([*YEAR[:19], (20, YEAR[20][1]), *YEAR[20:80]])
    async with httpx.AsyncClient() as client:
        cosigning = Cosigning(honest, policy, client)
        first = honest.checkpoint()
        assert first is not None
        assert set(policy.check(await cosigning.ask(first)).cosigned) == set(seven)
        for away in (THEIRS[0], OURS[0]):
            seven[away].process.terminate()
            seven[away].process.wait(10)
        honest.seal(YEAR)
        newest = honest.checkpoint()
        assert newest is not None
        quorum = policy.check(await cosigning.ask(newest))
        assert quorum.reached
        assert set(quorum.cosigned) == {*THEIRS[1:], *OURS[1:]}
        fork = forked.checkpoint()
        assert fork is not None
        cheating = policy.check(await Cosigning(forked, policy, client).ask(fork))
        assert (cheating.cosigned, cheating.reached) == ({}, False)


async def test_theirs_and_ours_refuse_the_same_requests(
    seven: dict[str, Running], tmp_path: Path
) -> None:
    entries = [b"%d" % n for n in range(40)]

    def request(name: str, entries: list[bytes], old: int, origin: str = ORIGIN) -> bytes:
        writer = TileWriter(tmp_path / name)
        writer.add(entries)
        checkpoint = unsigned(origin, len(entries), writer.write())
        signed = checkpoint.signed(signer().line(checkpoint.text))
        return write_request(TileFolder(tmp_path / name, len(entries)), signed, old)

    asked = [
        (request("ten", entries[:10], 0), {200}),
        (request("forty", entries, 10), {200}),
        (request("rollback", entries[:10], 0), {409}),
        (request("beyond", entries, 0).replace(b"old 0", b"old 41"), {400}),
        # tlog-witness asks for 409 when only the roots differ; litewitness says 422.
        (request("split", [b"x", *entries[1:]], 40), {409, 422}),
        (request("longer", [b"x", *entries, b"y"], 40), {422}),
        (request("unknown", entries, 40, "log.khac.vn/p0"), {404}),
        (b"", {400}),
    ]
    async with httpx.AsyncClient() as client:
        for number, (body, expected) in enumerate(asked):
            answers = {
                name: (
                    await client.post(f"{one.url}/add-checkpoint", content=body, timeout=30)
                ).status_code
                for name, one in seven.items()
            }
            assert set(answers.values()) == expected, (number, answers)
