"""Samples in other languages, and a running log for them: a door, the units service, a unit with a key for each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.system.one_unit import AUTHORITY, OneUnit

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "shared" / "README.md").read_text(encoding="utf-8")
CSHARP: Final = ROOT / "shared" / "samples" / "csharp" / "Publish.cs"
APPOINTED: Final = "thidua.units.delegate-appointed.v1"
PROGRAMS: Final = {"curl": ["curl", "openssl"]}
"""Programs that a sample starts beside the one its command begins with."""


class Sample(NamedTuple):
    """A row of the README's table: the command to run, and the Debian packages it needs."""

    command: list[str]
    packages: list[str]

    @property
    def name(self) -> str:
        return Path(self.command[-1]).parent.name


SAMPLES: Final = [
    Sample(command.split(), re.findall(r"`([a-z0-9-]+)`", packages))
    for packages, command in re.findall(
        r"^\|[^|]+\|([^|]+)\| `([a-z0-9]+ shared/samples/\S+)` \|$", README, re.MULTILINE
    )
]
"""The samples that run here; test_csharp.py follows the one in C#."""


def appointed(delegate: str) -> str:
    """What LCA says, as the file that a sample sends."""
    data = {"unit": "LCA", "delegate": delegate, "role_vi": "Phó Giám đốc Sở"}
    data |= {"commitment": "ab" * 32, "valid_from": "2026-01-01"}
    return json.dumps(data, ensure_ascii=False)


@dataclass
class Running(OneUnit):
    """A log with a key of LCA's for each sample."""

    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self, sample: Sample, delegate: str, data_at: str | None = None, **changed: str
    ) -> subprocess.CompletedProcess[str]:
        """The sample's end: it says that LCA has appointed *delegate*, or what stands *data_at* another place."""
        for program in (sample.command[0], *PROGRAMS.get(sample.name, ())):
            if shutil.which(program) is None:
                pytest.fail(f"{program} is not here: apt-get install {' '.join(sample.packages)}")
        data = self.folder / f"{delegate}.json"
        data.write_text(appointed(delegate), encoding="utf-8")
        environment = {
            **os.environ,
            # Where the Python that runs the tests is, with its `cryptography`.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **self.environment,
            "THIDUA_KEY": str(self.folder / f"{sample.name}.pem"),
            "THIDUA_KID": f"LCA/{sample.name}",
            "THIDUA_HEADS": str(self.folder / f"{sample.name}.heads"),
            **changed,
        }
        return subprocess.run(
            [*sample.command, APPOINTED, AUTHORITY, data_at or str(data)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def position(self, done: subprocess.CompletedProcess[str]) -> int:
        """Where the sample's event stands, by its own words and by the door's receipt."""
        said = re.search(r"vị trí (\d+)", done.stdout)
        name = re.search(r"Biên nhận đúng.*: (\S{43})$", done.stdout, re.MULTILINE)
        assert said is not None, done.stdout + done.stderr
        assert name is not None, done.stdout + done.stderr
        receipt = self.door.receipt(name[1]).document
        assert receipt["position"] == int(said[1])
        return int(said[1])
