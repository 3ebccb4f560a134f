"""What reporting is told, whole or in its parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from thidua.errors import SettingsError
from thidua.settings import Settings
from thidua.signing import SigningKey
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy, read_policy


class ReadingSettings(Settings):
    """The settings of who only reads the archive, projector and pages: the common ones, and where it is."""

    archive_dir: Path = Path("thidua-archive")
    """Folder of the archive; its part ``archive/`` may be published."""

    voting_page: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+)?$")] = ""
    """Where browsers reach the voting page (the ballots service); empty: no page links to it."""


class ReportingSettings(ReadingSettings):
    """The settings of who seals: those, and under which key and before which witnesses."""

    signing_key: SecretStr
    """Ed25519 private key, PEM, that signs checkpoints; give ``THIDUA_SIGNING_KEY_FILE``."""

    witnesses: Path | None = None
    """C2SP policy with the witnesses and their addresses; without it nobody cosigns."""

    root_spki: str | None = None
    """Public half of the log's root key as founding printed it; what the service verifies by itself is held to it."""

    def signer(self) -> NoteSigner:
        """The log's voice under its checkpoints."""
        key = SigningKey.from_pem(self.signing_key.get_secret_value().encode())
        return NoteSigner(self.origin, key)

    def policy(self) -> Policy | None:
        """The policy in its file; raises ``SettingsError`` when that holds none."""
        if self.witnesses is None:
            return None
        try:
            return read_policy(self.witnesses.read_text(encoding="utf-8"))
        except (OSError, ValueError, ArchiveFaultError) as error:
            raise SettingsError("THIDUA_WITNESSES", str(error)) from None

    def own_policy(self, policy: Policy | None) -> Policy:
        """What the service holds its own archive to: the *policy* if there is one, else its own key."""
        known = policy or Policy(self.signer().public)
        return replace(known, root_spki=known.root_spki or self.root_spki)
