"""What a trustee did, in the order in which it did it: what it may do next follows from that, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from thidua.errors import RejectError, StopError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Seen(NamedTuple):
    """The newest checkpoint of the log that was held to its policy: how long the log was, and its root."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Part:
    """A trustee's part in one election: the fingerprint it confirmed, the one sum it decrypts, and its text for it."""

    fingerprint: str | None = None
    tally: str | None = None
    decryption: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """
    One trustee's keys, as its journal says: the election they were made for, and its part in each that uses them.

    *texts* were made once to be published, by name: they are published again as they are.
    """

    uuid: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    destroyed: bool = False
    seen: Seen | None = None

    @property
    def is_made(self) -> bool:
        """Whether the keys were drawn."""
        return bool(self.uuid)

    def part(self, uuid: str) -> Part:
        """The part in the election *uuid*."""
        return self.parts.get(uuid, Part())

    def after(self, said: Mapping[str, Any]) -> Record:
        """The record with one line of the journal more."""
        match said["op"]:
            case "made":
                return replace(self, uuid=said["uuid"], texts=dict(said["texts"]))
            case "said":
                return replace(self, texts={**self.texts, **said["texts"]})
            case "seen":
                return replace(self, seen=Seen(said["size"], said["root"]))
            case "confirmed":
                return self._with(said, fingerprint=said["fingerprint"])
            case "decrypting":
                return self._with(said, tally=said["tally"])
            case "decrypted":
                return self._with(said, decryption=said["text"])
            case "destroyed":
                return replace(self, destroyed=True)
            case other:
                raise NewerRecordError(str(other))

    def may_confirm(self, uuid: str, fingerprint: str) -> None:
        """Raise unless the election *uuid* may be confirmed with this *fingerprint*: the same again, or the first."""
        part = self._usable(uuid)
        if part.fingerprint not in (None, fingerprint):
            raise OtherElectionError(part.fingerprint or "", fingerprint)

    def may_decrypt(self, uuid: str, fingerprint: str, tally: str) -> None:
        """
        Raise unless *tally* of the election *uuid* may be decrypted: the same again, or the first.

        Two sums that differ by one ballot would open that ballot (I5).
        """
        confirmed = self.confirmed(uuid)
        if confirmed != fingerprint:
            raise OtherElectionError(confirmed, fingerprint)
        part = self.part(uuid)
        if part.tally not in (None, tally):
            raise SecondTallyError(uuid, part.tally or "", tally)

    def confirmed(self, uuid: str) -> str:
        """The fingerprint that was confirmed of the election *uuid*. Raises unless there is one."""
        part = self._usable(uuid)
        if part.fingerprint is None:
            raise NotConfirmedError(uuid)
        return part.fingerprint

    def _usable(self, uuid: str) -> Part:
        if self.destroyed:
            raise ShareDestroyedError(uuid)
        return self.part(uuid)

    def _with(self, said: Mapping[str, Any], **changed: str) -> Record:
        uuid = said["uuid"]
        part = replace(self.part(uuid), **changed)
        return replace(self, parts={**self.parts, uuid: part})


class NewerRecordError(StopError):
    """The journal holds a line that this program does not know: a newer one wrote it."""

    def __init__(self, op: str) -> None:
        super().__init__(f"nhật ký có dòng lạ / the journal has an unknown line: {op[:40]}")

    def diagnostics(self) -> str:
        """Say which program to use."""
        return "Dùng bản thidua mới hơn, chính bản đã ghi nhật ký này. / Use the newer thidua that wrote it."


class ShareDestroyedError(RejectError):
    """The share was destroyed; nothing can be decrypted with it again."""

    def __init__(self, uuid: str) -> None:
        super().__init__(
            f"{uuid}: phần khóa đã hủy, không dùng lại được / the share was destroyed and is gone"
        )

    def diagnostics(self) -> str:
        """Say who can still count."""
        return "Những người giữ khóa còn lại của nhóm mở kết quả. / The other trustees of the group can still open the count."


class NotConfirmedError(RejectError):
    """Nobody at this machine has confirmed the election before it opened."""

    def __init__(self, uuid: str) -> None:
        super().__init__(
            f"{uuid}: chưa xác nhận cuộc bầu này / this election was never confirmed here"
        )

    def diagnostics(self) -> str:
        """Name the command."""
        return "Đối chiếu dấu vân với các người giữ khóa khác rồi chạy: thidua trustee confirm / Compare the fingerprint with the other trustees, then confirm it."


class OtherElectionError(StopError):
    """The log shows another election than the one that was confirmed."""

    def __init__(self, confirmed: str, given: str) -> None:
        super().__init__(
            f"dấu vân cuộc bầu khác với dấu vân đã xác nhận / another fingerprint than the one confirmed: "
            f"{confirmed} → {given}"
        )
        self.confirmed = confirmed
        self.given = given

    def diagnostics(self) -> str:
        """Say that a person must look, by another way."""
        return (
            "KHÔNG giải mã. Gọi điện cho các người giữ khóa khác và so dấu vân. / "
            "Nothing was decrypted. Compare the fingerprint with the other trustees by telephone."
        )


class SecondTallyError(RejectError):
    """Another sum of the same election was decrypted before: the difference would open single ballots."""

    def __init__(self, uuid: str, first: str, second: str) -> None:
        super().__init__(
            f"{uuid}: đã giải mã tổng phiếu {first[:16]}…, từ chối tổng khác {second[:16]}… / "
            "one tally was decrypted before; a second one is refused"
        )
        self.first = first
        self.second = second

    def diagnostics(self) -> str:
        """Say what it would do."""
        return (
            "Hai tổng khác nhau của một cuộc bầu làm lộ phiếu. Báo ngay cho các người giữ khóa khác. / "
            "Two sums of one election open single ballots. Tell the other trustees at once."
        )


class OtherHistoryError(StopError):
    """The log is no continuation of the one that was seen before."""

    def __init__(self, seen: Seen, size: int) -> None:
        super().__init__(
            f"sổ {size} mục không nối tiếp sổ {seen.size} mục đã thấy / "
            f"a log of {size} entries does not continue the one of {seen.size} seen before"
        )

    def diagnostics(self) -> str:
        """Say what that proves."""
        return (
            "Bản cũ hơn thì lấy bản mới. Nếu không, giữ cả hai: hai điểm niêm này cùng nhau là bằng chứng. / "
            "Of an older copy get the newer one; else keep both: their signed checkpoints together are the proof."
        )
