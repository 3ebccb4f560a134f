"""A log in which persons stand as commitments, and the disclosures that open them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tests.reporting.entries import AUTHORITY, CYCLE, MINISTRY, Entries, unit
from tests.reporting.year import founding
from thidua.audit.disclosed import DisclosedTo, RowFound, hold
from thidua.audit.findings import Findings
from thidua.base64url import encode_base64url
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.writing import TileWriter
from thidua.vault import DisclosedRow, Disclosure, commit, read_disclosure

ORIGIN = "sandbox/test/p0"
NAMES = {"LCA": "Nguyễn Thị Sông Hương", "HGI": "Trần Văn Núi Đôi"}
SALTS = {"LCA": bytes(range(32)), "HGI": bytes(range(32, 64))}
REFS = {"LCA": encode_base64url(b"LCA" + bytes(13)), "HGI": encode_base64url(b"HGI" + bytes(13))}
UNDER = {"LCA": AUTHORITY, "HGI": CYCLE}
KEYS = {code: SigningKey.generate(Algorithm.EDDSA) for code in ("LCA", "HGI", AUTHORITY)}


def commitment(code: str) -> str:
    """The commitment that stands in the log."""
    return commit(SALTS[code], REFS[code], NAMES[code])


def row(code: str = "LCA", **changed: Any) -> DisclosedRow:
    """What opens the commitment of a unit, unless it is changed."""
    plain = {
        "ref": REFS[code],
        "unit": code,
        "subject": UNDER[code],
        "field": "name",
        "salt": encode_base64url(SALTS[code]),
        "value": NAMES[code],
        "commitment": commitment(code),
        "basis": "Điều 13 Luật 91/2025/QH15",
        "keep_until": date(2027, 12, 31),
    }
    return DisclosedRow.model_validate({**plain, **changed})


def erased(code: str) -> u.PersonalDataErased:
    """The erasure of a unit's commitment."""
    return u.PersonalDataErased(
        unit=code,
        commitment=commitment(code),
        cycle=CYCLE if code == "HGI" else None,
        ground="request",
        basis="Điều 14 Luật 91/2025/QH15",
    )


def token(*rows: DisclosedRow, by: str = "LCA", key: str | None = None, aud: str = ORIGIN) -> str:
    """A disclosure as *by* signs it with its own key, or with another's."""
    kind = "authorities" if by == AUTHORITY else "units"
    made = Disclosure(
        v=1,
        aud=aud,
        by=f"/{kind}/{by}",
        to="Thanh tra",
        basis="QĐ 12/QĐ-TTr",
        rows=rows or (row(),),
    )
    return made.signed(KEYS[key or by], f"{key or by}/pd")


@dataclass
class Persons:
    """
    The registry, a delegate of Lào Cai (``delegate``) and a counter of Hà Giang (``counter``).

    ``hold`` seals what was said so far into a folder and holds disclosures against it.
    """

    folder: Path
    log: Entries = field(default_factory=Entries)

    def __post_init__(self) -> None:
        """Tell the log."""
        self.log = Entries(at="2020-01-02 08:00")
        founding(self.log)
        for code, key in KEYS.items():
            owner = MINISTRY if code == AUTHORITY else unit(code)
            registered = u.KeyRegistered.model_validate(
                {
                    "kid": f"{code}/pd",
                    "owner": owner,
                    "alg": "EdDSA",
                    "spki": key.verifying_key.spki,
                    "proof": "A" * 86,
                }
            )
            self.log.says(MINISTRY, registered)
        delegate = u.DelegateAppointed(
            unit="LCA",
            delegate="dai-dien-1",
            role_vi="Phó Giám đốc",
            commitment=commitment("LCA"),
            valid_from=date(2020, 1, 15),
        )
        self.log.says(unit("LCA"), delegate)
        self.delegate = len(self.log.raw)
        counter = b.BoardMember(member="m-1", unit="HGI", head=True, commitment=commitment("HGI"))
        board = b.CountingBoardElected(conference="tong-ket", members=(counter,))
        self.log.says(unit("LCH"), board)
        self.counter = len(self.log.raw)

    def erase(self, code: str) -> int:
        """The position that says so."""
        self.log.says(unit(code), erased(code))
        return len(self.log.raw)

    def hold(self, *tokens: str) -> tuple[Findings, tuple[RowFound, ...]]:
        """What an auditor finds."""
        folder = self.folder / f"{len(self.log.raw)}"
        writer = TileWriter(folder)
        writer.add([raw for _, raw in self.log.raw])
        writer.write()
        brought = [
            DisclosedTo(f"{n}.jws", *read_disclosure(one.encode())) for n, one in enumerate(tokens)
        ]
        found = Findings()
        return found, hold(brought, folder, len(self.log.raw), ORIGIN, found)
