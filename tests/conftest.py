from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["thidua.testing.fixtures"]

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=300)
settings.load_profile(os.environ.get("THIDUA_TEST_PROFILE", "dev"))
