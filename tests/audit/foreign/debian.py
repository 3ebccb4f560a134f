"""
Programs of others, from Debian's packages: pinned by version and SHA-256, unpacked beside, nothing installed.

They come from the mirror that this machine's apt already uses. Debian's next release moves on; a copy of the files of
``packages.txt`` in the folder that ``THIDUA_FOREIGN_DEBS`` names is used instead, offline.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

RELEASE: Final = "forky"
PINS: Final = Path(__file__).parent / "packages.txt"
KEPT: Final = "THIDUA_FOREIGN_DEBS"
KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
FSCK: Final = "github.com/transparency-dev/tessera/cmd/fsck"
_INDEX: Final = re.compile(r"^'([^']+)/dists/[a-z]+/(?:In)?Release(?:\.gpg)?'")


class Pin(NamedTuple):
    """A package, and the one file of it that is taken."""

    name: str
    version: str
    sha256: str


class NotHereError(Exception):
    """A program cannot be had here; the message says what to do."""


def pins() -> list[Pin]:
    """What ``packages.txt`` names."""
    lines = PINS.read_text(encoding="utf-8").splitlines()
    return [Pin(*line.split()) for line in lines if line and not line.startswith("#")]


def programs(folder: Path) -> Path:
    """The folder with everything unpacked, and Tessera's ``fsck`` built in ``folder/fsck``; done once."""
    unpacked, fsck = folder / "unpacked", folder / "fsck"
    told = folder / "made-from"
    wanted = PINS.read_text(encoding="utf-8")
    if told.exists() and told.read_text(encoding="utf-8") == wanted:
        return unpacked
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "debs").mkdir(parents=True)
    for deb in _kept() if KEPT in os.environ else _fetched(folder / "debs"):
        _run("dpkg", "-x", str(deb), str(unpacked))
    _build(unpacked, fsck, folder / "cache")
    told.write_text(wanted, encoding="utf-8")
    return unpacked


def _kept() -> list[Path]:
    """The pinned files in a folder that was kept."""
    by_hash = {_sha256(path): path for path in Path(os.environ[KEPT]).glob("*.deb")}
    missing = [pin.name for pin in pins() if pin.sha256 not in by_hash]
    if missing:
        raise NotHereError(f"{KEPT}: no file with the pinned SHA-256 of {', '.join(missing)}")
    return [by_hash[pin.sha256] for pin in pins()]


def _fetched(debs: Path) -> list[Path]:
    """The pinned files, fetched through apt with a list of sources of our own."""
    apt = _apt(debs)
    _run("apt-get", *apt, "-qq", "update")
    asked = [f"{pin.name}={pin.version}" for pin in pins()]
    try:
        _run("apt-get", *apt, "-qq", "download", *asked, cwd=debs)
    except NotHereError as error:
        what = f"Debian {RELEASE} no longer has a pinned version: renew {PINS.name}, or keep the"
        raise NotHereError(f"{what} files and name their folder in {KEPT}.\n{error}") from None
    by_hash = {_sha256(path): path for path in debs.glob("*.deb")}
    wrong = [pin.name for pin in pins() if pin.sha256 not in by_hash]
    if wrong:
        raise NotHereError(f"another SHA-256 than pinned: {', '.join(wrong)}")
    return [by_hash[pin.sha256] for pin in pins()]


def _apt(debs: Path) -> list[str]:
    """Options under which apt reads the one release and leaves the machine's own state alone."""
    if shutil.which("apt-get") is None or os.uname().machine != "x86_64":
        raise NotHereError(f"needs Debian's apt on amd64, or the files themselves in {KEPT}")
    told = _run("apt-get", "update", "--print-uris").splitlines()
    mirrors = [match[1] for line in told if (match := _INDEX.match(line))]
    mirror = next((one for one in mirrors if one.endswith("/debian")), None)
    if mirror is None:
        raise NotHereError(f"apt's sources name no Debian mirror; or name a folder in {KEPT}")
    for name in ("lists/partial", "cache/archives/partial"):
        (debs / name).mkdir(parents=True)
    sources, status = debs / "sources.list", debs / "status"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror} {RELEASE} main\n", encoding="utf-8")
    status.touch()
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": debs / "lists",
        "Dir::State::Status": status,
        "Dir::Cache": debs / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _build(unpacked: Path, fsck: Path, cache: Path) -> None:
    """Build ``fsck`` from Debian's sources, as Debian does: by GOPATH, without a network."""
    go = next((unpacked / "usr/lib").glob("go-*/bin/go"))
    environment = {
        "GOROOT": str(go.parents[1]),
        "GOPATH": str(unpacked / "usr/share/gocode"),
        "GOCACHE": str(cache),
        "GO111MODULE": "off",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "CGO_ENABLED": "0",
        "HOME": str(cache),
    }
    _run(str(go), "build", "-trimpath", "-o", str(fsck), FSCK, env=environment)
    shutil.rmtree(cache, ignore_errors=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    told = subprocess.run(
        command,
        cwd=cwd,
        env=None if env is None else os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise NotHereError(f"{' '.join(command[:3])} …: {told.stderr[-2000:]}")
    return told.stdout


if __name__ == "__main__":
    print(programs(Path(sys.argv[1])))
