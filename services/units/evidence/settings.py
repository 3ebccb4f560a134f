"""What the door is told about files of evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from services.units.evidence.kinds import ENDINGS
from services.units.evidence.store import EvidenceStore, FolderStore
from thidua.errors import MalformedError, SettingsError
from thidua.settings import Settings
from thidua.signing import SigningKey


class EvidenceSettings(Settings):
    """Without a folder no evidence is taken, and the door holds no key."""

    evidence_folder: Path | None = None
    """Where uploads arrive and, without a bucket, files are kept; replicas on one machine share it."""
    evidence_bucket: Annotated[str, Field(pattern=r"^(s3://[a-z0-9.-]{3,63}(/[\w./-]*)?)?$")] = ""
    """Keep files here instead: ``s3://bucket/prefix``."""
    evidence_endpoint: str = ""
    """Address of an S3-compatible server; empty is the provider's own."""
    evidence_access_key: str = ""
    evidence_secret_key: SecretStr = SecretStr("")
    evidence_max_bytes: Annotated[int, Field(ge=1, le=2**40)] = 50 * 1024 * 1024
    """Bytes of one file."""
    evidence_quota: Annotated[int, Field(ge=1)] = 5 * 1024**3
    """Bytes of one unit's files, over all years."""
    evidence_types: str = "pdf,png,jpg,heic,webp,tiff,docx,xlsx,pptx,odt,ods"
    """Which types are taken; also known: doc (old Office), mp4."""
    evidence_scan: str = ""
    """A command that scans a file, or ``tcp://host:3310`` of a clamd; empty: nothing is scanned."""
    evidence_days: Annotated[int, Field(ge=1, le=90)] = 7
    """How long an unfinished upload is kept."""
    signing_key: SecretStr | None = None
    """The door's Ed25519 private key, PEM: it signs receipts and what the store says; without it there is neither."""

    @field_validator("evidence_types")
    @classmethod
    def _known(cls, given: str) -> str:
        if not set(given.split(",")) <= ENDINGS.keys():
            msg = f"some of: {','.join(ENDINGS)}"
            raise ValueError(msg)
        return given

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types that are taken."""
        return tuple(self.evidence_types.split(","))

    @property
    def key(self) -> SigningKey | None:
        """The door's key, if it was given one; raises :class:`SettingsError` for what is none."""
        if self.signing_key is None:
            return None
        try:
            return SigningKey.from_pem(self.signing_key.get_secret_value().encode())
        except MalformedError as error:
            raise SettingsError("THIDUA_SIGNING_KEY", str(error)) from None

    @property
    def voice(self) -> SigningKey:
        """The key that the store speaks with; raises :class:`SettingsError` when there is none."""
        if self.key is None:
            raise SettingsError("THIDUA_SIGNING_KEY", "the store needs a key to speak with")
        return self.key

    def store(self, folder: Path) -> EvidenceStore:
        """Where files are kept."""
        if not self.evidence_bucket:
            return FolderStore(folder)
        from services.units.evidence.bucket import BucketStore  # noqa: PLC0415 - a folder needs none of its libraries

        return BucketStore(
            self.evidence_bucket,
            endpoint=self.evidence_endpoint or None,
            key=self.evidence_access_key or None,
            secret=self.evidence_secret_key.get_secret_value() or None,
        )
