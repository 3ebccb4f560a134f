"""``thidua minutes``: the counting minutes of a ballot made anew from an archive folder, as the public page shows them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from services.auditing.replaying import replayed
from services.reporting.documents.boxes import Boxes
from services.reporting.documents.counting_minutes import CountingMinutes, counting_minutes
from services.reporting.documents.counting_minutes_paper import counting_minutes_paper
from services.reporting.documents.footing import footing
from services.reporting.web.speech import Speech
from services.reporting.web.words import in_both
from thidua.errors import RejectError

if TYPE_CHECKING:
    from pathlib import Path

    from thidua.audit.held import HeldFolder


class NoMinutesError(RejectError):
    """There is no such ballot, or it has no outcome yet at that position."""

    def __init__(self, cycle: str, ballot: str, position: int) -> None:
        super().__init__(
            f"{cycle}/{ballot}: chưa có kết quả đến vị trí {position}, nên chưa có biên bản / no outcome up to there"
        )


class PaperNotWrittenError(RejectError):
    """The file could not be written; nothing was overwritten."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")

    @classmethod
    def there(cls, path: Path) -> PaperNotWrittenError:
        """A file of that name exists; it may be the one that somebody completed."""
        why = "đã có, không ghi đè; hãy chọn tên khác / exists and is not overwritten: choose another name"
        return cls(path, why)


@dataclass(frozen=True, slots=True)
class MinutesMade:
    """The minutes, and the Word file of them."""

    minutes: CountingMinutes
    paper: bytes


def minutes_of(held: HeldFolder, cycle: str, ballot: str, position: int) -> MinutesMade:
    """The minutes as of *position*; raises :class:`NoMinutesError`."""
    with replayed(held.pages, position) as read:
        boxes = Boxes(lambda: held.size, held.entries)
        found = counting_minutes(read, boxes, cycle, ballot) if cycle.count("/") == 2 else None  # noqa: PLR2004 - authority/cluster/year
        if found is None:
            raise NoMinutesError(cycle, ballot, position)
        speech = Speech("vi", read, cycle)
    origin = held.checkpoint.origin
    under = footing(held.files, origin, position, sandbox=origin.startswith("sandbox/"))
    return MinutesMade(found, counting_minutes_paper(found, speech, under))


def write_paper(path: Path, paper: bytes) -> None:
    """Write a new file; raises :class:`PaperNotWrittenError` rather than overwrite one."""
    try:
        with path.open("xb") as file:
            file.write(paper)
    except FileExistsError:
        raise PaperNotWrittenError.there(path) from None
    except OSError as error:
        # What a full disk left of it is no paper.
        with suppress(OSError):
            path.unlink(missing_ok=True)
        why = f"không ghi được / cannot be written: {error.strerror}"
        raise PaperNotWrittenError(path, why) from None


def minutes_document(minutes: CountingMinutes) -> dict[str, Any]:
    """The minutes as JSON: the ``data`` of ``/v1/cycles/…/ballots/…/minutes``."""
    return asdict(minutes)


def say_minutes(minutes: CountingMinutes) -> str:
    """The figures, a line each, for whoever holds a printed paper beside them."""
    one, names = minutes.ballot, minutes.names
    lines = [
        f"{minutes.cycle} · {one.ballot} · {one.about}",
        f"Hình thức / mode\t{in_both('mode', one.mode)}",
        f"Tình trạng / state\t{in_both('ballot state', one.state)}",
        f"Phát, thu, hợp lệ / issued, returned, valid\t{one.issued}\t{one.returned}\t{one.valid}",
        f"Cần / needed\t{one.needed}\t({one.share} / {one.base} {in_both('base', one.base_of)})",
        *(
            "\t".join(
                (
                    names.get(line.unit, line.unit),
                    f"{line.yes}",
                    "–" if line.percent is None else f"{line.percent}%".replace(".", ","),
                    in_both("nominee outcome", line.outcome),
                )
            )
            for line in minutes.lines
        ),
    ]
    if one.void_reason:
        lines.append(f"Đã hủy / void\t{one.void_reason}")
    if minutes.secret is not None:
        lines += [
            f"Dấu vân / fingerprint\t{minutes.secret.fingerprint}",
            f".bel SHA-256\t{minutes.secret.bel_sha256}",
            *(f"Mã tra cứu / tracker\t{tracker}" for tracker in minutes.secret.trackers),
        ]
    return "\n".join(lines)
