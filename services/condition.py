"""
The system's condition as its processes tell it over HTTP, and what of it needs a person; decided without asking anybody.

A process may stand where it cannot be reached from here: that is said, and is no fault by itself. Who is behind is
judged by two looks: a follower that moves is at work, one that does not is stuck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

DECIDING: Final = ("units", "ballots", "pledges")
REPORTING: Final = ("projector", "archive", "web")
WHOLE: Final = "reporting"
"""What the three of reporting are called where they are one process."""
PROCESSES: Final = ("door", *DECIDING, *REPORTING)
FOLLOWERS: Final = (*DECIDING, "projector", "archive")
DISK_LEAST: Final = 0.10
"""Part of a disk that must be free."""
MEMORY_MOST: Final = 0.85
"""Part of its memory that Redis may use: at the whole of it nothing can be written."""
BACKUP_HOURS: Final = 26
CLOCK_SECONDS: Final = 2.0

Figures = Mapping[tuple[str, str], float]
"""Values of ``/metrics`` by name and the value of their one label, empty without a label."""


@dataclass(frozen=True, slots=True)
class Look:
    """
    What was answered at one moment; whoever did not answer is not in it.

    ``ready`` holds per process whether it is, and its words; ``backup_hours`` is the age of the last backup.
    """

    ready: Mapping[str, tuple[bool, str]] = field(default_factory=dict)
    figures: Mapping[str, Figures] = field(default_factory=dict)
    door: Mapping[str, Any] | None = None
    archive: Mapping[str, Any] | None = None
    entries: Mapping[str, int] | None = None
    parked: int | None = None
    now: float = 0.0
    backup_hours: float | None = None
    backup_asked: bool = False
    backup: Backup | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """What the last backup holds of the log, and what was last proven of it: ``tree``, ``whole`` or ``fails``, and when."""

    folder: str
    position: int
    proof: str
    proved: str


@dataclass(frozen=True, slots=True)
class Process:
    """One process: whether it can work, in its own words; ``unseen`` from here, or expected and ``down``."""

    name: str
    state: Literal["ready", "not ready", "unseen", "down"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk under one of our folders, in bytes."""

    folder: str
    free: int
    size: int


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known now; ``needs`` is what a person must see to, Vietnamese first. ``None``: not seen from here."""

    processes: tuple[Process, ...]
    position: int | None
    last_event: str | None
    gate: str | None
    gate_reason: str | None
    lag: Mapping[str, int]
    waiting: Mapping[str, int]
    sealed: int | None
    recorded: int | None
    refused: int | None
    parked: int | None
    disks: tuple[Disk, ...]
    redis_memory: float | None
    backup_hours: float | None
    backup: Backup | None
    needs: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The same for machines."""
        return {"good": not self.needs, **asdict(self)}


def condition(before: Look, now: Look, expected: frozenset[str]) -> Condition:
    """
    What two looks come to.

    *expected* are the processes that must answer; of the others it is only said that they are not seen.
    """
    named = ("door", *DECIDING, WHOLE) if WHOLE in now.ready else PROCESSES
    processes = tuple(_process(name, now, expected) for name in named)
    lag, waiting = _lag(now), _waiting(now)
    door, archive = now.door or {}, now.archive or {}
    disks = _disks(now)
    memory = _memory(now)
    said = now.entries
    gate = door.get("gate")
    needs = [
        *(_need_of(one) for one in processes if one.state in ("down", "not ready")),
        *_gate_needs(gate, archive),
        *_stuck(before, now),
        *_parked_needs(now.parked),
        *(_disk_need(one) for one in disks if one.size and one.free / one.size < DISK_LEAST),
        *_store_needs(now, memory),
        *_backup_needs(now),
    ]
    return Condition(
        processes=processes,
        position=door.get("position"),
        last_event=door.get("clock"),
        gate=gate,
        gate_reason=archive.get("reason"),
        lag=lag,
        waiting=waiting,
        sealed=archive.get("position"),
        recorded=None if said is None else said["recorded"],
        refused=None if said is None else said["refused"] + said["said"],
        parked=now.parked,
        disks=disks,
        redis_memory=memory,
        backup_hours=now.backup_hours,
        backup=now.backup,
        needs=tuple(needs),
    )


def _process(name: str, now: Look, expected: frozenset[str]) -> Process:
    if name not in now.ready:
        return Process(name, "down" if name in expected else "unseen")
    is_ready, words = now.ready[name]
    return Process(name, "ready" if is_ready else "not ready", words)


def _need_of(process: Process) -> str:
    if process.state == "down":
        return f"{process.name}: không trả lời / does not answer"
    return f"{process.name}: chưa sẵn sàng / not ready: {process.words}"


def _lag(look: Look) -> dict[str, int]:
    if look.door is None:
        return {}
    followed, tail = look.door["followed"], look.door["position"]
    return {name: max(0, tail - followed.get(name, 0)) for name in FOLLOWERS}


def _waiting(look: Look) -> dict[str, int]:
    return {} if look.door is None else dict(look.door["inboxes"])


def _stuck(before: Look, now: Look) -> list[str]:
    """Who is behind and has not moved between the two looks."""
    if before.door is None or now.door is None:
        return []
    needs = []
    for name, behind in _lag(now).items():
        moved = now.door["followed"].get(name, 0) != before.door["followed"].get(name, 0)
        if behind and _lag(before)[name] and not moved:
            needs.append(
                f"{name}: đứng lại, còn {behind} mục chưa đọc / stuck, {behind} entries not taken in"
            )
    for name, waiting in _waiting(now).items():
        idle = now.door["position"] == before.door["position"]
        if waiting and waiting >= _waiting(before)[name] > 0 and idle:
            needs.append(
                f"{name}: {waiting} sự kiện chờ mà không được xét / {waiting} entries wait and are not judged"
            )
    return needs


def _gate_needs(gate: str | None, archive: Mapping[str, Any]) -> list[str]:
    reason = archive.get("reason")
    if gate == "open" and archive.get("is_open", True):
        return []
    if gate is None and archive.get("is_open") is not False:
        return []
    return [
        f"cổng ghi đóng / the gate is closed: {reason or 'lý do ở / the reason is at the archive'}"
    ]


def _parked_needs(parked: int | None) -> list[str]:
    if not parked:
        return []
    return [f"{parked} mục để riêng / entries parked: `thidua parked list`"]


def _disks(look: Look) -> tuple[Disk, ...]:
    found = {}
    for figures in look.figures.values():
        for (name, folder), free in figures.items():
            if name == "thidua_disk_free_bytes":
                size = figures.get(("thidua_disk_size_bytes", folder), 0)
                found[folder] = Disk(folder, int(free), int(size))
    return tuple(found[name] for name in sorted(found))


def _disk_need(disk: Disk) -> str:
    part = 100 * disk.free / disk.size
    return f"ổ đĩa của {disk.folder} còn {part:.0f} % / {part:.0f} % of the disk of {disk.folder} is free"


def _memory(look: Look) -> float | None:
    for figures in look.figures.values():
        most = figures.get(("thidua_redis_memory_most_bytes", ""), 0)
        if most:
            return figures[("thidua_redis_memory_bytes", "")] / most
    return None


def _store_needs(look: Look, memory: float | None) -> list[str]:
    needs = []
    if memory is not None and memory > MEMORY_MOST:
        part = f"{100 * memory:.0f} %"
        needs.append(f"Redis dùng {part} bộ nhớ / Redis uses {part} of its memory")
    every = list(look.figures.values())
    if any(one.get(("thidua_redis_writes_ok", ""), 1) == 0 for one in every):
        needs.append("Redis không ghi được xuống đĩa / Redis cannot write to its disk")
    if any(one.get(("thidua_evidence_blocked", ""), 0) for one in every):
        needs.append("tệp kiểm chứng chưa cất được / files of evidence cannot be stored")
    stuck = sum(one.get(("thidua_direct_streams_stuck", ""), 0) for one in every)
    if stuck:
        needs.append(f"{stuck:.0f} dòng gửi thẳng bị kẹt / publishers' own streams are stuck")
    off = max((abs(one.get(("thidua_clock_offset_seconds", ""), 0)) for one in every), default=0)
    last = max(
        (one.get(("thidua_last_arrival_timestamp_seconds", ""), 0) for one in every), default=0
    )
    if off > CLOCK_SECONDS or last > look.now + CLOCK_SECONDS:
        needs.append("đồng hồ sai / a clock is wrong: `date -u`, `timedatectl`")
    return needs


def _backup_needs(look: Look) -> list[str]:
    if not look.backup_asked:
        return []
    if look.backup is not None and look.backup.proof == "fails":
        return [f"bản sao lưu {look.backup.folder} hỏng / the last backup does not hold"]
    if look.backup_hours is None:
        return ["không thấy bản sao lưu nào / no backup was found"]
    if look.backup_hours > BACKUP_HOURS:
        hours = f"{look.backup_hours:.0f}"
        return [f"bản sao lưu cuối đã {hours} giờ / the last backup is {hours} hours old"]
    return []
