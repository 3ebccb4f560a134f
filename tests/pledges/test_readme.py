"""The README names every event of the service, each under what is done with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from thidua.contracts import Role
from thidua.contracts import pledges as p

README = Path(__file__).parents[2] / "services" / "pledges" / "README.md"


def names_under(heading: str) -> set[str]:
    """The code words of the section of that heading."""
    text = README.read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", section))


def test_the_readme_names_every_event_judged_and_every_event_emitted() -> None:
    named = {kind: kind.TYPE.split(".")[2] for kind in get_args(p.PledgesEvent)}
    emitted = {name for kind, name in named.items() if kind.ROLES == (Role.SERVICE,)}
    assert names_under("Events judged") == set(named.values()) - emitted
    assert names_under("Events emitted") == emitted
