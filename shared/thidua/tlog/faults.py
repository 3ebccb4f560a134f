"""What can be wrong with an archive: a proof that says no, and a file that cannot be read at all."""

from __future__ import annotations

from thidua.errors import RejectError, StopError


class ArchiveFaultError(RejectError):
    """
    The archive contradicts itself, its signatures or its policy: a proof says no.

    *where* names the file, line or position.
    """

    def __init__(self, where: str, expected: str, given: str) -> None:
        super().__init__(f"{where}: cần / expected {expected}, nhận được / given {given}")
        self.where = where
        self.expected = expected
        self.given = given

    def diagnostics(self) -> str:
        """Say that another copy may show which one is wrong."""
        return "So sánh với một bản sao khác. / Compare with another copy."


class ArchiveUnreadableError(StopError):
    """A file of the archive is missing, cut or may not be read: nothing is proven, either way."""

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(f"{where}: {fault}")
        self.where = where
        self.fault = fault

    def diagnostics(self) -> str:
        """Say that the copy is not whole."""
        return "Lấy lại bản sao đầy đủ của kho lưu. / Get a whole copy of the archive."


class ArchiveCutError(ArchiveUnreadableError):
    """A file of the archive ends too soon; ``entries`` are those of a bundle that stand whole before its end."""

    def __init__(self, where: str, expected: str, entries: tuple[bytes, ...] = ()) -> None:
        super().__init__(where, f"bị cắt / is cut: {expected}")
        self.entries = entries
