"""Verifying a folder against a policy: every numbered check, over several processes, trusting nothing in it."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from thidua.audit import parts
from thidua.audit.checks import CHECKS, Result, Verdict
from thidua.audit.disclosed import DisclosedTo, RowFound, hold
from thidua.audit.findings import Done, Findings
from thidua.audit.parts import Held, Part
from thidua.audit.registered import keys_of
from thidua.audit.secret import hold_secret_ballots, telling_part
from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.errors import ThiduaError
from thidua.tlog.faults import ArchiveCutError, ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.notes import MOST_NOTE_BYTES, Checkpoint, read_checkpoint
from thidua.tlog.policy import MOST_POLICY_BYTES, Policy, PolicyFileError, Quorum, read_policy
from thidua.tlog.prints import FOLDER, PublishedPrints, compare, read_prints
from thidua.tlog.tiles import CHECKPOINT, KEPT, WIDTH, TileFolder, read_inside

if TYPE_CHECKING:
    from thidua.audit.parts import Rebuilding
    from thidua.audit.registered import KeyLine
    from thidua.deciding import Judge

SHARE: Final = 4096
"""Entries of one piece of work; a multiple of the bundle's width."""
FEW: Final = 2
SELDOM: Final = 50_000, 20, 20
"""When the workers look for garbage, as ``gc.set_threshold`` takes it."""

Progress = Callable[[int, int], None]
Parts = Part | tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: a result for every numbered check, and what was verified."""

    origin: str
    size: int
    root: str
    results: tuple[Result, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    disclosed: tuple[RowFound, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether a proof says no."""
        return any(one.verdict is Verdict.FAILS for one in self.results)

    @property
    def holds(self) -> bool:
        """Whether everything was checked and holds."""
        good = (Verdict.HOLDS, Verdict.NOTHING)
        return self.size > 0 and all(one.verdict in good for one in self.results)

    def document(self) -> dict[str, Any]:
        """The report for machines."""
        return {
            "schema_version": 1,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "holds": self.holds,
            "fails": self.fails,
            "counts": dict(self.counts),
            "disclosed": [row._asdict() for row in self.disclosed],
            "checks": [
                {**asdict(one), "verdict": str(one.verdict), "title": CHECKS[one.check].title_en}
                for one in self.results
            ],
        }


@dataclass(frozen=True, slots=True)
class Task:
    """What is verified, and with what. ``judges`` and ``rebuilding`` come from the installed application."""

    folder: Path
    policy: Policy
    judges: Sequence[Judge[Any]] = ()
    rebuilding: Rebuilding | None = None
    signatures: bool = True
    jobs: int = 0
    resume: Path | None = None
    disclosures: Sequence[DisclosedTo] = ()


def policy_in(path: Path, folder: Path) -> Policy:
    """
    The policy in a file; raises :class:`PolicyFileError` when it cannot be used.

    One that lies in the folder it is to judge is refused, since that proves nothing.
    """
    if path.resolve().is_relative_to(folder.resolve()):
        raise PolicyFileError(path, "nằm trong chính kho lưu / it lies inside the archive")
    try:
        raw = path.read_bytes()[: MOST_POLICY_BYTES + 1]
        return read_policy(raw.decode())
    except OSError as error:
        raise PolicyFileError(path, error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise PolicyFileError(path, "không phải UTF-8 / it is not UTF-8") from None
    except ArchiveFaultError as error:
        raise PolicyFileError(path, str(error)) from None


def verify(task: Task, progress: Progress = lambda *_: None) -> Verified:
    """
    Every check over the folder; never raises for what is in it.

    Work done before with the same root is not repeated for signatures when ``resume`` names a file.
    """
    found = Findings()
    checkpoint, quorum = _head(task, found)
    if checkpoint is None:
        for check in CHECKS:
            if check != "V03":
                found.not_checked(
                    check, "không có điểm niêm đọc được", "no checkpoint could be read"
                )
        return Verified(task.policy.log.name, 0, "", found.results())
    if checkpoint.size == 0:
        found.fails("V01", None, "sổ trống, không có gì để kiểm / the log is empty")
    if quorum is not None:
        _say_quorum(task, quorum, found)
    _kept(task, checkpoint, found)
    published = _published(task, checkpoint, found)
    counts = _work(task, checkpoint, published, found, progress)
    found.nothing("V17", "kho lưu không kèm tài liệu / no documents beside this log")
    found.nothing("V18", "không đưa biên nhận nào / no receipts were given")
    rows = hold(task.disclosures, task.folder, checkpoint.size, task.policy.log.name, found)
    root = checkpoint.root.hex()
    return Verified(checkpoint.origin, checkpoint.size, root, found.results(), counts, rows)


def _head(task: Task, found: Findings) -> tuple[Checkpoint | None, Quorum | None]:
    try:
        checkpoint = read_checkpoint(_note(task.folder, CHECKPOINT))
    except ArchiveFaultError as error:
        found.fails("V03", None, str(error))
        return None, None
    except ArchiveUnreadableError as error:
        found.unreadable("V03", str(error))
        return None, None
    try:
        Policy(task.policy.log).check(checkpoint)
    except ArchiveFaultError as error:
        found.fails("V03", None, str(error))
        return checkpoint, None
    found.holds("V03", 1)
    try:
        return checkpoint, task.policy.check(checkpoint)
    except ArchiveFaultError as error:
        found.fails("V04", None, str(error))
        return checkpoint, None


def _note(folder: Path, relative: str) -> bytes:
    """A signed note's bytes; one whose last newline is missing was cut."""
    raw = read_inside(folder, relative, MOST_NOTE_BYTES)
    if not raw.endswith(b"\n"):
        raise ArchiveCutError(relative, "no last newline")
    return raw


def _say_quorum(task: Task, quorum: Quorum, found: Findings) -> None:
    if not task.policy.witnesses:
        found.nothing("V04", "chính sách không nêu nhân chứng / the policy names no witness")
    elif quorum.reached:
        found.holds("V04", len(quorum.cosigned))
    else:
        told = ", ".join(sorted(quorum.cosigned)) or "–"
        found.fails("V04", None, f"chưa đủ nhân chứng, mới có / below quorum, only: {told}")


def _kept(task: Task, newest: Checkpoint, found: Findings) -> None:
    """Every kept checkpoint is ours and a beginning of the newest."""
    files, count = TileFolder(task.folder, newest.size), 0
    try:
        for name in _names(task.folder / KEPT):
            _beginning(task, f"{KEPT}/{name}", int(name), files)
            count += 1
    except ArchiveFaultError as error:
        found.fails("V05", None, str(error))
    except ArchiveUnreadableError as error:
        found.unreadable("V05", str(error))
    else:
        found.holds("V05", count)


def _beginning(task: Task, where: str, size: int, files: TileFolder) -> None:
    one = read_checkpoint(_note(task.folder, where))
    if size != one.size or one.size > files.size:
        raise ArchiveFaultError(where, f"size {size}, at most {files.size}", f"{one.size}")
    if one.origin != task.policy.log.name or not one.signed_by(task.policy.log)[0]:
        raise ArchiveFaultError(where, f"a signature of {task.policy.log.name}", "none")
    if files.root(one.size) != one.root:
        raise ArchiveFaultError(where, "the beginning of this log", "another history")


def _names(folder: Path) -> list[str]:
    """The numbered files of a folder; another's temporary files are none."""
    try:
        names = (path.name for path in folder.iterdir())
        return sorted(name for name in names if name.isascii() and name.isdecimal())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ArchiveUnreadableError(folder.name, error.strerror or str(error)) from None


def _published(task: Task, newest: Checkpoint, found: Findings) -> PublishedPrints | None:
    """The newest published fingerprints of the read models."""
    try:
        names = _names(task.folder / FOLDER)
        if not names:
            found.not_checked(
                "V15", "kho lưu không có dấu vân công bố", "no published fingerprints"
            )
            return None
        where = f"{FOLDER}/{names[-1]}"
        prints = read_prints(_note(task.folder, where), task.policy.log)
    except ArchiveFaultError as error:
        found.fails("V15", None, str(error))
        return None
    except ArchiveUnreadableError as error:
        found.unreadable("V15", str(error))
        return None
    if prints.position > newest.size:
        found.fails("V15", None, f"{where}: position {prints.position} > {newest.size}")
        return None
    return prints


def _work(
    task: Task,
    checkpoint: Checkpoint,
    published: PublishedPrints | None,
    found: Findings,
    progress: Progress,
) -> dict[str, int]:
    """The parts that read every entry, over several processes."""
    folder, size = task.folder, checkpoint.size
    # A process costs more than a small log.
    jobs = task.jobs or (1 if size <= SHARE else os.cpu_count() or 1)
    counts: dict[str, int] = {}
    waiting: dict[Future[Parts], str | None] = {}
    done = Done.at(task.resume, checkpoint)
    with _collecting_seldom(), _pool(jobs) as pool:
        for work in _serial(task, jobs, size, published, found):
            waiting[pool.submit(*work)] = None
        waiting[pool.submit(parts.root_part, folder, size, checkpoint.root)] = None
        telling = pool.submit(telling_part, folder, size)
        keys = _keys(task, size, found)
        bundles, step = -(-size // WIDTH), SHARE // WIDTH
        for first in range(0, bundles, step):
            last = min(first + step, bundles)
            name = f"{first * WIDTH}-{min(last * WIDTH, size)}"
            is_done = keys is not None and name in done.shares
            if is_done:
                found.holds("V06", min(last * WIDTH, size) - first * WIDTH)
            under = None if is_done else keys
            waiting[pool.submit(parts.share_part, folder, size, first, last, under)] = name
        for number, future in enumerate(as_completed(waiting), 1):
            share, result = waiting[future], future.result()
            for part in result if isinstance(result, tuple) else (result,):
                _take(part, found, counts, published)
                if share is not None and "V06" in part.held:
                    done.note(share)
            progress(number, len(waiting))
    hold_secret_ballots(telling.result(), found, task.jobs)
    return counts


def _serial(
    task: Task, jobs: int, size: int, published: PublishedPrints | None, found: Findings
) -> Iterator[tuple[Any, ...]]:
    """The work that takes the entries in order: to judge them again, and to rebuild what was published."""
    folder, origin, root = task.folder, task.policy.log.name, task.policy.root_spki
    rebuilding = task.rebuilding if published is not None else None
    to = Held(tuple(task.judges), origin, root, published.position if published else 0)
    if published is not None and rebuilding is None:
        found.not_checked("V15", "cần cài thidua-services", "needs thidua-services")
    if not task.judges:
        for check in ("V13", "V14"):
            found.not_checked(
                check, "cần cài thidua-services", "needs the application thidua-services"
            )
        yield parts.authentic_part, folder, size, origin, root
    elif root is None:
        told = "chính sách không nêu khóa gốc", "the policy does not name the root key"
        found.not_checked("V07", *told)
    # Where signatures keep the other process busy, events need not be read a second time.
    together = jobs == 1 or (jobs <= FEW and task.signatures)
    if task.judges and rebuilding is not None and together:
        yield parts.judged_and_rebuilt_parts, folder, size, to, rebuilding
        return
    if task.judges:
        yield parts.judged_part, folder, size, to
    if rebuilding is not None:
        yield parts.rebuilt_part, folder, size, to, rebuilding


def _keys(task: Task, size: int, found: Findings) -> dict[str, KeyLine] | None:
    """The keys to check signatures with; ``None`` when they are not checked, and why is said."""
    if not task.signatures:
        found.not_checked("V06", "đã chọn không kiểm chữ ký", "left out on request")
        return None
    try:
        return keys_of(task.folder, size)
    except (ThiduaError, EnvelopeError, FormError) as error:
        told = f"no keys could be read: {error}"
        found.not_checked("V06", f"không đọc được khóa: {error}", told)
        return None


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Entries are read by the thousand and leave no cycles behind; forked workers collect as seldom."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _pool(jobs: int) -> Executor:
    if jobs == 1:
        return ThreadPoolExecutor(1)
    # Forked workers import nothing anew, which takes longer than a small log; beside other threads that is not safe.
    is_alone = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if is_alone else "spawn")
    return ProcessPoolExecutor(jobs, mp_context=context)


def _take(
    part: Part, found: Findings, counts: dict[str, int], published: PublishedPrints | None
) -> None:
    for name, number in part.counts.items():
        counts[name] = counts.get(name, 0) + number
    for fault in part.faults:
        found.fails(fault.check, fault.position, fault.what)
    for check in part.checks:
        if check in part.held:
            found.holds(check, part.held[check])
        elif part.unreadable is not None:
            found.unreadable(check, part.unreadable)
        elif part.faults:
            found.cut_short(check)
        elif published is not None:
            _compare(part, published, found)


def _compare(part: Part, published: PublishedPrints, found: Findings) -> None:
    compared = compare(published, part.prints, part.versions)
    if compared.differing:
        told = ", ".join(compared.differing)
        what = f"số liệu khác / figures differ at position {published.position}: {told}"
        found.fails("V15", None, what)
    elif compared.unlike:
        # An archive may be older than this release, or this release older than the archive.
        vi = "; ".join(f"{name}: {why.vi}" for name, why in compared.unlike.items())
        en = "; ".join(f"{name}: {why.en}" for name, why in compared.unlike.items())
        count = len(compared.equal)
        found.not_checked(
            "V15",
            f"{count} mô hình đọc khớp; không so được: {vi}",
            f"{count} read models agree; published and rebuilt by different releases: {en}",
        )
    else:
        found.holds("V15", len(compared.equal))
