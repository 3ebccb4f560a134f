"""What a verification has found so far, and which shares of its work an earlier run did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from thidua.audit.checks import CHECKS, Result, Verdict
from thidua.errors import StopError

if TYPE_CHECKING:
    from pathlib import Path

    from thidua.tlog.notes import Checkpoint


class Findings:
    """Collects verdicts; what fails stays failed, and what was not checked never passes."""

    def __init__(self) -> None:
        self._results: dict[str, Result] = {}

    def holds(self, check: str, count: int | None = None) -> None:
        """The check holds for so many more."""
        before = self._results.get(check)
        if before is None:
            self._results[check] = Result(check, Verdict.HOLDS, count=count)
        elif before.verdict is Verdict.HOLDS and count is not None:
            self._results[check] = Result(check, Verdict.HOLDS, count=(before.count or 0) + count)

    def fails(self, check: str, position: int | None, what: str) -> None:
        """A proof says no; the first position is kept."""
        before = self._results.get(check)
        first = before is None or before.verdict is not Verdict.FAILS
        sooner = position is not None and (
            before is None or before.position is None or position < before.position
        )
        if first or sooner:
            self._results[check] = Result(check, Verdict.FAILS, what, what, position)

    def nothing(self, check: str, what: str) -> None:
        """There was nothing to check."""
        self._results.setdefault(check, Result(check, Verdict.NOTHING, what, what))

    def not_checked(self, check: str, vi: str, en: str) -> None:
        """It could not be checked, and why."""
        before = self._results.get(check)
        if before is None or before.verdict is not Verdict.FAILS:
            self._results[check] = Result(check, Verdict.NOT_CHECKED, vi, en)

    def unreadable(self, check: str, what: str) -> None:
        """A file that it needs cannot be read."""
        self.not_checked(check, f"không đọc được: {what}", f"cannot be read: {what}")

    def cut_short(self, check: str) -> None:
        """The part ended at a fault of another check."""
        self.not_checked(check, "dừng ở lỗi nêu trên", "ended at a fault named above")

    def results(self) -> tuple[Result, ...]:
        """A result for every check, in order."""
        missing = Result("", Verdict.NOT_CHECKED, "chưa kiểm", "not checked")
        return tuple(
            self._results.get(check, Result(check, missing.verdict, missing.vi, missing.en))
            for check in CHECKS
        )


class ResumeFileError(StopError):
    """The file that keeps what was checked cannot be read or written; the archive is not at fault."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không dùng được / not usable: {fault}")

    def diagnostics(self) -> str:
        """Say that another file does."""
        return "Chọn tệp khác cho --resume. / Choose another file for --resume."


class Done:
    """Which shares of the signatures were checked before under the same root, kept in a file."""

    def __init__(self, path: Path | None, head: str, shares: set[str]) -> None:
        self.shares = shares
        self._path = path
        self._head = head

    @classmethod
    def at(cls, path: Path | None, checkpoint: Checkpoint) -> Done:
        """What the file says, when it is about this very checkpoint."""
        head = f"{checkpoint.origin} {checkpoint.size} {checkpoint.root.hex()}"
        shares: set[str] = set()
        if path is not None and path.exists():
            try:
                said = json.loads(path.read_text(encoding="utf-8"))
                shares = set(said["shares"]) if said.get("head") == head else set()
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise ResumeFileError(path, f"{error}") from None
        return cls(path, head, shares)

    def note(self, share: str) -> None:
        """Remember one more."""
        self.shares.add(share)
        if self._path is not None:
            beside = self._path.with_name(f"{self._path.name}.tmp")
            said = {"head": self._head, "shares": sorted(self.shares)}
            try:
                beside.write_text(json.dumps(said), encoding="utf-8")
                beside.replace(self._path)
            except OSError as error:
                raise ResumeFileError(self._path, error.strerror or str(error)) from None
