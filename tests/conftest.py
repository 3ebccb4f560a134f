from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from services.sandbox import Sandbox, sandbox
from services.scenarios.format import read_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["thidua.testing.fixtures"]

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("THIDUA_TEST_PROFILE", "dev"))

ROOT = Path(__file__).parent.parent
SEED = ROOT / "services" / "scenarios" / "border-2020.jsonl"
THREE = ROOT / "tests" / "scenarios" / "three-2023.jsonl"


@pytest.fixture(scope="session")
def seed_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The seed year, played through the door; every process still runs."""
    with sandbox(read_scenario(SEED), tmp_path_factory.mktemp("seed")) as box:
        box.play()
        yield box


@pytest.fixture(scope="session")
def three_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The year of three members, played through the door."""
    with sandbox(read_scenario(THREE), tmp_path_factory.mktemp("three")) as box:
        box.play()
        yield box
