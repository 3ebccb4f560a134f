"""The compose stack under a name, ports, image and settings of its own, beside whatever else runs here."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from thidua.embedded import LOOPBACK, free_port
from thidua.log import Entry, read_entry
from thidua.signing import SigningKey

if TYPE_CHECKING:
    from services.scenarios.format import Setup

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
BACK_SECONDS: Final = 240.0
PORTS: Final = ("PAGES_PORT", "DOOR_PORT", "VOTING_PORT", "PAGES_TLS_PORT", "DOOR_TLS_PORT")
STORES: Final = ("redis", "postgres")
OURS: Final = ("door", "units", "ballots", "pledges", "projector", "archive", "web")

KILL: Final = "import os, sys; os.kill(int(sys.argv[1]), 9)"
READ_LOG: Final = """
import asyncio, base64
from thidua.log import Names
from thidua.settings import Settings
from thidua.stream import new_client

async def read():
    client = new_client(Settings.from_environment().redis_url.get_secret_value())
    for name, fields in await client.xrange(Names().log):
        print(name.decode().partition("-")[0], base64.b64encode(fields[b"e"]).decode())
    await client.aclose()

asyncio.run(read())
"""


class StackError(Exception):
    """A command around the stack failed, or something did not come back; says what was seen."""


def variables() -> dict[str, str]:
    """Every setting of ``.env.example`` with its value there."""
    lines = (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if re.match(r"[A-Z_]+=", line))
    return {name: value for name, _, value in pairs}


@dataclass(slots=True)
class Stack:
    """One stack; *folder* holds its settings and secrets, *setup* says what its log is founded with."""

    folder: Path
    setup: Setup
    founded_at: str
    project: str = f"thidua-test-{os.getpid()}"
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    tls: bool = True

    @property
    def image(self) -> str:
        """The image that is built for this stack alone."""
        return f"{self.project}:test"

    @property
    def pages_url(self) -> str:
        """Where the pages and the reporting API answer."""
        return self._url("PAGES")

    @property
    def door_url(self) -> str:
        """Where the door answers."""
        return self._url("DOOR")

    def _url(self, name: str) -> str:
        if self.tls:
            return f"https://localhost:{self.ports[f'{name}_TLS_PORT']}"
        return f"http://{LOOPBACK}:{self.ports[f'{name}_PORT']}"

    def up(self) -> str:
        """Bring it up by the one command an operator runs; what that printed."""
        self._write_settings()
        told = run(str(DEPLOY / "up"), environment=self.environment(), seconds=900)
        if self.tls:
            certificate = self.folder / "certificate.pem"
            read = ("exec", "--no-TTY", "proxy", "cat", "/tls/certificate.pem")
            certificate.write_text(self.compose(*read), encoding="utf-8")
            # What publishers do who were handed it.
            os.environ["SSL_CERT_FILE"] = str(certificate)
        return told

    def compose(self, *words: str, seconds: float = 120) -> str:
        """A docker compose command on this stack."""
        given = ("--env-file", str(self.settings), "--file", str(DEPLOY / "compose.yaml"))
        command = ("docker", "compose", *given, *words)
        return run(*command, environment=self.environment(), seconds=seconds)

    def operator(self, *words: str, seconds: float = 300) -> str:
        """A command of the operator's on this stack, with the keys where the stack keeps them."""
        home = ("--home", "/secrets/founding")
        return self.compose("run", "--rm", "--no-TTY", "operator", *words, *home, seconds=seconds)

    def root_key(self) -> SigningKey:
        """The authority's root key, read as an operator may who is not root."""
        once = ("run", "--rm", "--no-deps", "--no-TTY")
        pem = self.compose(*once, "--entrypoint", "cat", "init", "/founding/keys/root.pem")
        return SigningKey.from_pem(pem.encode())

    def entries(self, asked: str = "archive") -> list[Entry]:
        """The whole log as Redis holds it, read in the container of a process that may."""
        told = self.compose("exec", "--no-TTY", asked, "python", "-c", READ_LOG)
        lines = (line.split() for line in told.splitlines())
        return [read_entry(int(position), base64.b64decode(raw)) for position, raw in lines]

    def inspected(self, service: str) -> dict[str, Any]:
        """What the engine says of a service's container."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        [found] = json.loads(run("docker", "inspect", container))
        return dict(found)

    def kill(self, service: str) -> str:
        """
        End a service's first process with SIGKILL, as a crash would; when it had started.

        ``docker kill`` would count as an operator's stop, after which no restart policy acts.
        """
        state = self.inspected(service)["State"]
        guarded = ("--network", "none", "--cap-drop", "ALL", "--cap-add", "KILL")
        as_host = ("--pid", "host", "--user", "0:0", "--entrypoint", "python")
        run("docker", "run", "--rm", *guarded, *as_host, self.image, "-c", KILL, str(state["Pid"]))
        return str(state["StartedAt"])

    def wait_back(self, service: str, started: str) -> float:
        """Return when the engine has started a service again and it is healthy; how long that took."""
        begun = time.monotonic()
        while True:
            state = self.inspected(service)["State"]
            if state["StartedAt"] != started and state["Health"]["Status"] == "healthy":
                return time.monotonic() - begun
            if time.monotonic() - begun > BACK_SECONDS:
                raise StackError(f"{service} did not come back: {json.dumps(state)[-800:]}")
            time.sleep(0.2)

    def remove(self) -> None:
        """Take away containers, networks, volumes, the secrets and the image."""
        # What is in these folders belongs to the containers' users, not to us.
        emptying = ("--entrypoint", "sh", "operator", "-c", "rm -rf /secrets/* /backups/* /keys/*")
        for words in (
            ("run", "--rm", "--no-TTY", *emptying),
            ("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5"),
        ):
            try:
                self.compose(*words)
            except StackError as error:
                print(error, file=sys.stderr)
        subprocess.run(
            ["docker", "image", "rm", "--force", self.image, f"{self.image}-proxy"],
            capture_output=True,
            check=False,
        )

    @property
    def settings(self) -> Path:
        """The file of its settings."""
        return self.folder / "settings.env"

    def _write_settings(self) -> None:
        told = {
            **variables(),
            "THIDUA_ORIGIN": self.setup.origin,
            "THIDUA_AUTHORITY": self.setup.authority.code,
            "THIDUA_AUTHORITY_NAME": f'"{self.setup.authority.name_vi}"',
            "THIDUA_AUTHORITY_NAME_EN": f'"{self.setup.authority.name_en or ""}"',
            "THIDUA_FOUNDED_AT": self.founded_at,
            "THIDUA_SECRETS": str(self.folder / "secrets"),
            "THIDUA_BACKUPS": str(self.folder / "backups"),
            "THIDUA_BACKUP_KEYS": str(self.folder / "backup-keys"),
            "THIDUA_IMAGE": self.image,
            "PROXY_IMAGE": f"{self.image}-proxy",
            "COMPOSE_PROFILES": "tls" if self.tls else "",
            "TLS_ADDRESS": LOOPBACK,
            **{name: str(port) for name, port in self.ports.items()},
        }
        # The images may be named for the whole machine: a mirror's, or a newer version to try.
        told |= {name: os.environ[name] for name in told if "IMAGE" in name and name in os.environ}
        told |= {"THIDUA_IMAGE": self.image, "PROXY_IMAGE": f"{self.image}-proxy"}
        text = "".join(f"{name}={value}\n" for name, value in told.items())
        self.settings.write_text(text, encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """Ours without settings of the stack: those would go before the file's."""
        own = {
            name: value
            for name, value in os.environ.items()
            if name not in variables() and not name.startswith(("THIDUA_", "COMPOSE_"))
        }
        return {
            **own,
            "COMPOSE_PROJECT_NAME": self.project,
            "THIDUA_ENV_FILE": str(self.settings),
        }


def run(*command: str, environment: dict[str, str] | None = None, seconds: float = 120) -> str:
    """What a command prints; raises :class:`StackError` with all it said when it fails."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{' '.join(command)[:200]}: no end after {seconds:.0f} s") from error
    if done.returncode:
        said = (done.stdout + done.stderr)[-6000:]
        raise StackError(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{said}")
    return done.stdout
