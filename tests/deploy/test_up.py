"""What ``deploy/up`` asks of Compose, by a stand-in for ``docker`` that writes down what it was told."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.deploy.stack import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

DOCKER = r"""#!/usr/bin/env bash
set -euo pipefail
echo "$*" >> "$TOLD"
case $* in
  *" config --services") printf 'proxy\n'; for _ in $(seq 1 20000); do echo "another-service"; done ;;
  *" config --format json") printf '  "file": "%s/secrets/redis_users.acl"\n' "$HERE" ;;
  *" port "*) echo 127.0.0.1:8443 ;;
  *" printenv THIDUA_DOMAIN") echo thidua.example ;;
esac
"""


def test_the_proxy_is_found_among_the_services_however_compose_writes_them(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text(DOCKER, encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "settings").touch()
    told = tmp_path / "told"
    given = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TOLD": str(told),
        "HERE": str(tmp_path),
        "THIDUA_ENV_FILE": str(tmp_path / "settings"),
    }

    up = subprocess.run(
        [DEPLOY / "up"], env=given, capture_output=True, text=True, check=False, timeout=60
    )

    assert up.returncode == 0, up.stderr
    lines = told.read_text(encoding="utf-8").splitlines()
    assert any(line.endswith("build --quiet proxy") for line in lines)
    assert any(line.endswith("run --rm --no-TTY certificate") for line in lines)
    assert "https://thidua.example:8443/" in up.stdout
