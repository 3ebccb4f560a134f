from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.audit.foreign.debian import programs


@pytest.fixture(scope="session")
def debian() -> Path:
    """Debian's packages, unpacked beside this environment; ``fsck`` stands next to them."""
    return programs(Path(sys.prefix) / "foreign")
