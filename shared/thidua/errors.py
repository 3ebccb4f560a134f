"""Every error this package raises on purpose, sorted by what the operator must do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thidua.refusals import Code


class ThiduaError(Exception):
    """The root: whoever catches it catches all that this package raises on purpose."""

    def diagnostics(self) -> str:
        """What to do about it, in one sentence for the person at the terminal."""
        return "Đọc thông báo; chưa ghi gì. / Read the message; nothing was written."


class RetryError(ThiduaError):
    """Nothing is wrong for good: the same call can succeed a little later."""

    def diagnostics(self) -> str:
        """Say that waiting is the remedy."""
        return "Thử lại sau ít phút; chưa ghi gì. / Try again in a moment; nothing was written."


class RejectError(ThiduaError):
    """The input can never be accepted as it is; its sender must mend it."""

    def diagnostics(self) -> str:
        """Say that the sender is the one to act."""
        return (
            "Bên gửi phải sửa rồi ký lại; gửi lại y nguyên cũng vô ích. / "
            "Have the sender correct and sign it again; trying the same bytes again is useless."
        )


class StopError(ThiduaError):
    """Going on would do harm: the process must end and a person must look."""

    def diagnostics(self) -> str:
        """Say that a person is needed."""
        return (
            "Để tiến trình dừng và so sổ với kho lưu. / "
            "Keep the process stopped and compare the log with its archive."
        )


class BehindError(RetryError):
    """Another writer moved a subject between reading it and appending."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"the head of {subject} moved: catch up and judge again")
        self.subject = subject


class GateClosedError(RetryError):
    """The log is closed for writing until the archive has compared itself with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the log is closed for writing: {reason}")
        self.reason = reason

    def diagnostics(self) -> str:
        """Name the process that opens the gate."""
        return (
            "Kho lưu mở sổ sau khi so xong; xem tiến trình của kho lưu có chạy không. / "
            "The archive opens the log after comparing it; see that the archive is running."
        )


class MalformedError(RejectError):
    """The bytes are not what they should be; the one error for every malformed input."""

    def __init__(self, code: Code, path: str, given: str, expected: str) -> None:
        where = path or "the whole input"
        super().__init__(f"{code} at {where}: expected {expected}, given {given}")
        self.code = code
        self.path = path
        self.given = given
        self.expected = expected


class SignatureError(RejectError):
    """A signature does not hold under the key that was named."""

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"signature: expected {expected}, given {given}")
        self.path = "signature"
        self.given = given
        self.expected = expected


class KeyUsedError(RejectError):
    """A key name or key material was registered before; both are used once, ever."""

    def __init__(self, kid: str, what: str) -> None:
        super().__init__(f"key {kid}: its {what} was registered before")
        self.kid = kid
        self.what = what


class LogCorruptError(StopError):
    """The log contradicts itself or its archive."""

    def __init__(self, position: int, expected: str, given: str = "something else") -> None:
        super().__init__(f"position {position}: expected {expected}, given {given}")
        self.position = position
        self.expected = expected
        self.given = given


class LogShrunkError(StopError):
    """The log ends before what was read of it: it was cut, emptied or restored from an old copy."""

    def __init__(self, followed: int, tail: int) -> None:
        super().__init__(f"the log ends at position {tail}, but was followed to {followed}")
        self.followed = followed
        self.tail = tail

    def diagnostics(self) -> str:
        """Name the way back."""
        return (
            "Khôi phục sổ từ kho lưu rồi chạy lại các dịch vụ. / "
            "Restore the log from its archive, then start the services again."
        )


class LogTrimmedError(StopError):
    """The log's beginning was trimmed, and nobody said where its archive can be read."""

    def __init__(self, begins: int, fault: str = "no archive is set") -> None:
        super().__init__(
            f"the log begins at position {begins}, what stands before is in the archive: {fault}"
        )
        self.begins = begins

    def diagnostics(self) -> str:
        """Name the settings."""
        return (
            "Đặt THIDUA_ARCHIVE_URL (/archive/ của trang báo cáo) hoặc THIDUA_ARCHIVE_DIR rồi chạy lại. / "
            "Set THIDUA_ARCHIVE_URL (the pages' /archive/) or THIDUA_ARCHIVE_DIR and start again."
        )


class SettingsError(StopError):
    """A setting is missing or cannot be read."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(f"setting {name}: {fault}")
        self.name = name
        self.fault = fault

    def diagnostics(self) -> str:
        """Point at the environment."""
        return f"Sửa {self.name} trong biến môi trường rồi chạy lại. / Correct {self.name} in the environment and start again."
