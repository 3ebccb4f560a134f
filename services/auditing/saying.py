"""The reports of the auditor's commands in words, Vietnamese first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from services.reporting.columns import as_json
from services.reporting.web.words import WORDS
from thidua.clock import LOCAL, parse_instant
from thidua.text import display_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.auditing.chain import Chain, Words
    from services.auditing.exporting import Exported
    from services.auditing.replaying import Change
    from thidua.audit.comparing import Compared
    from thidua.tlog.notes import Checkpoint
    from thidua.tlog.prints import Compared as Prints

MOST_CHANGES: Final = 200
_NAMED: Final = WORDS["read model"]


def say_prints(
    position: int,
    sealed: str | None,
    found: Mapping[str, str],
    compared: Prints | None,
) -> str:
    """Every read model with its fingerprint, and whether it is the published one, where any were published."""
    lines = [*_head(position, sealed), ""]
    marks = _marks(compared) if compared else {}
    for name, value in found.items():
        lines.append(f"{marks.get(name, '·')} {value}  {_NAMED[name][0]} / {_NAMED[name][1]}")
    if compared is None:
        told = "Không có dấu vân công bố ở vị trí này. / No fingerprints were published for this position."
    elif compared.differing:
        told = "KHÔNG ĐÚNG: khác dấu vân đã công bố (✗). / They differ from the published ones."
    elif compared.unlike:
        told = "CHƯA SO ĐƯỢC HẾT (?): / Not all could be compared:"
    else:
        told = "ĐÚNG: bằng các dấu vân đã công bố. / They equal the published fingerprints."
    unlike = compared.unlike if compared else {}
    reasons = [f"? {name}: {why.vi} / {why.en}" for name, why in unlike.items()]
    return "\n".join([*lines, "", told, *reasons])


def _marks(compared: Prints) -> dict[str, str]:
    return {
        **dict.fromkeys(compared.equal, "✓"),
        **dict.fromkeys(compared.differing, "✗"),
        **dict.fromkeys(compared.unlike, "?"),
    }


def say_rows(position: int, sealed: str | None, tables: Mapping[str, Sequence[Any]]) -> str:
    """The rows of tables, a line each, tab-separated under their column names."""
    lines = _head(position, sealed)
    for name, rows in tables.items():
        lines += ["", f"# {name} ({len(rows)})"]
        if rows:
            lines.append("\t".join(rows[0]))
        lines += ["\t".join(_cell(value) for value in row.values()) for row in rows]
    return "\n".join(lines)


def say_changes(first: int, second: int, changes: Sequence[Change]) -> str:
    """What rows came, went and changed between two positions."""
    lines = [f"Từ vị trí {first} đến {second} / from position {first} to {second}"]
    counted = Counter(one.model for one in changes)
    for name, number in counted.items():
        lines.append(f"  {_NAMED[name][0]} / {_NAMED[name][1]}: {number}")
    for one in changes[:MOST_CHANGES]:
        key = " ".join(map(_cell, one.key))
        if one.before is None:
            lines.append(f"+ {one.table} {key}: mới / new")
        elif one.after is None:
            lines.append(f"- {one.table} {key}: không còn / gone")
        else:
            pairs = (f"{name}: {_cell(a)} → {_cell(b)}" for name, (a, b) in one.columns.items())
            lines.append(f"~ {one.table} {key}: {'; '.join(pairs)}")
    if len(changes) > MOST_CHANGES:
        rest = len(changes) - MOST_CHANGES
        lines.append(f"… còn {rest} dòng, xem --json / {rest} more with --json")
    if not changes:
        lines.append("Không số liệu nào đổi. / No figure changed.")
    return "\n".join(lines)


def say_compared(found: Compared, sentences: Sequence[str]) -> str:
    """Which copy is a beginning of the other, or where they part and the evidence for it."""
    sizes = f"{found.first.size}, {found.second.size}"
    lines = [f"Số mục / entries: {sizes}; giống nhau / the same: {found.common}"]
    if not found.parts:
        same = found.first.size == found.second.size
        told = (
            "Hai bản có cùng gốc: cùng một nhật ký. / Both have the same root: one log."
            if same
            else "Bản ngắn là phần đầu của bản dài. / The shorter one is a beginning of the longer."
        )
        return "\n".join([*lines, told])
    place = found.common + 1
    lines.append(f"KHÁC NHAU từ mục {place} / they part at entry {place}:")
    lines += [f"  {name}: {told}" for name, told in zip("AB", sentences, strict=True)]
    lines.append(
        "Hai điểm niêm dưới đây cùng một khóa ký mà trái nhau: giữ cả hai làm bằng chứng. / "
        "The two checkpoints below are signed by one key and contradict each other: keep both as evidence."
    )
    return "\n".join([*lines, "", found.first.note, found.second.note])


def say_chain(chain: Chain, checkpoint: Checkpoint) -> str:
    """An explanation, entry by entry."""
    lines = [f"{chain.result}", ""]
    for _, link in sorted(chain.links.items()):
        lines.append(f"mục / entry {link.position} · {_moment(link.rx)} · {link.signer}")
        lines.append(f"  {_both(link.sentence)}")
        lines += [f"  vì / why: {_both(one)}" for one in link.why]
        lines += [f"  = {_both(one)}" for one in link.figures]
        lines.append(
            f"  bằng chứng: {len(link.proof)} mã băm đến gốc / proof: {len(link.proof)} hashes to the root"
        )
    lines += ["", f"Điểm niêm / checkpoint {checkpoint.short}"]
    if chain.conclusion.vi:
        lines.append(f"KẾT LUẬN / conclusion: {_both(chain.conclusion)}")
    for finding in chain.findings:
        at = f"mục / entry {finding.position}: " if finding.position is not None else ""
        lines.append(f"✗ {at}{_both(finding.words)}")
    if chain.findings:
        lines.append(
            "CHUỖI KHÔNG ĐẦY ĐỦ HOẶC KHÔNG KHỚP. / The chain is incomplete or does not fit."
        )
    else:
        told = (
            "Chuỗi đầy đủ, mọi số tính lại đều khớp. / The chain is complete; every figure holds."
        )
        lines.append(f"ĐÚNG: {told}")
    return "\n".join(lines)


def say_export(done: Exported, to: Path) -> str:
    """What was written where, and what is empty and why."""
    lines = [f"{value}  {name}" for name, value in sorted(done.files.items())]
    lines += [f"– {name}: {why}" for name, why in sorted(done.empty.items())]
    return "\n".join([*lines, "", f"Đã ghi {len(done.files)} tệp vào / files written to {to}"])


def _head(position: int, sealed: str | None) -> list[str]:
    under = (
        f"điểm niêm / checkpoint {sealed}"
        if sealed
        else "đọc từ Redis, chưa niêm: không có bằng chứng / from Redis, not sealed: nothing is proven"
    )
    return [f"Tính đến vị trí / as of position {position}", under]


def _both(words: Words) -> str:
    return words.vi if words.vi == words.en else f"{words.vi} / {words.en}"


def _moment(rx: str) -> str:
    local = parse_instant(rx).astimezone(LOCAL)
    return f"{display_date(local.date())} {local:%H:%M:%S}"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else as_json(value)
