"""What a verifier trusts: log key, witnesses and quorum, as a C2SP tlog-policy file says, and the log's root key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from thidua.errors import StopError
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import COSIGNATURE, LOG, NoteKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from thidua.tlog.notes import Checkpoint

MOST_POLICY_BYTES: Final = 65_536
NONE: Final = "none"
ROOT: Final = "#root "
"""The line with the event log's root key: a comment to other programs."""


class PolicyFileError(StopError):
    """The verifier's own policy file cannot be used: nothing is said about the archive, either way."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(
            f"tệp chính sách không dùng được / the policy file is not usable: {path}: {fault}"
        )

    def diagnostics(self) -> str:
        """Say where a policy comes from."""
        return (
            "Chép lại chính sách từ hồ sơ giấy, để ngoài kho lưu. / "
            "Copy the policy again from the founding papers, outside the archive."
        )


@dataclass(frozen=True, slots=True)
class Group:
    """A named group: *least* of its members, witnesses or other groups, must have signed."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quorum:
    """Who of the witnesses has cosigned a checkpoint and when, and whether that is enough."""

    cosigned: Mapping[str, int]
    reached: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """
    One log, its witnesses, and which of them together suffice.

    ``urls`` are where witnesses are asked; ``root_spki`` is the root key of the events, got on paper.
    """

    log: NoteKey
    witnesses: Mapping[str, NoteKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE
    urls: Mapping[str, str] = field(default_factory=dict)
    root_spki: str | None = None

    def check(self, checkpoint: Checkpoint) -> Quorum:
        """
        Check the log's signature and every witness's.

        Raises :class:`ArchiveFaultError` when the log did not sign, the origin is another, or a signature does not
        hold; a witness that did not sign is no fault.
        """
        if checkpoint.origin != self.log.name:
            raise ArchiveFaultError("checkpoint", f"origin {self.log.name}", checkpoint.origin)
        if not checkpoint.signed_by(self.log)[0]:
            raise ArchiveFaultError("checkpoint", f"a signature of {self.log.name}", "none")
        cosigned: dict[str, int] = {}
        for name, key in self.witnesses.items():
            signed, when = checkpoint.signed_by(key)
            if signed:
                cosigned[name] = when or 0
        return Quorum(cosigned, self.suffices(set(cosigned)))

    def suffices(self, names: set[str]) -> bool:
        """Whether these witnesses together are a quorum."""
        return self.quorum == NONE or self._holds(self.quorum, names)

    def _holds(self, name: str, names: set[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        return sum(self._holds(member, names) for member in group.members) >= group.least


def read_policy(text: str) -> Policy:
    """The policy in a file's text; raises :class:`ArchiveFaultError` with the line."""
    if len(text) > MOST_POLICY_BYTES:
        raise ArchiveFaultError("policy", f"at most {MOST_POLICY_BYTES} characters", "more")
    log: NoteKey | None = None
    witnesses: dict[str, NoteKey] = {}
    groups: dict[str, Group] = {}
    urls: dict[str, str] = {}
    quorum: str | None = None
    root: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        where = f"policy:{number}"
        if line.startswith(ROOT):
            root = line.removeprefix(ROOT).strip()
        match line.partition("#")[0].split():
            case []:
                pass
            case ["log", vkey, *_] if log is None:
                log = _key(vkey, LOG, where)
            case ["witness", name, vkey, *url] if _new(name, witnesses, groups) and len(url) <= 1:
                witnesses[name] = _key(vkey, COSIGNATURE, where)
                urls |= dict.fromkeys([name], url[0]) if url else {}
            case ["group", name, least, *members] if members and _new(name, witnesses, groups):
                groups[name] = _group(least, members, {*witnesses, *groups}, where)
            case ["quorum", name] if quorum is None and name in {NONE, *witnesses, *groups}:
                quorum = name
            case _:
                raise ArchiveFaultError(where, "log, witness, group or quorum", ascii(line[:80]))
    if log is None or quorum is None:
        raise ArchiveFaultError("policy", "a log line and a quorum line", "one is missing")
    return Policy(log, witnesses, groups, quorum, urls, root)


def write_policy(policy: Policy) -> str:
    """The policy as a file's text."""
    lines = [f"{ROOT}{policy.root_spki}"] if policy.root_spki else []
    lines.append(f"log {policy.log.vkey}")
    for name, key in policy.witnesses.items():
        lines.append(f"witness {name} {key.vkey} {policy.urls.get(name, '')}".rstrip())
    for name, group in policy.groups.items():
        lines.append(f"group {name} {group.least} {' '.join(group.members)}")
    return "\n".join([*lines, f"quorum {policy.quorum}"]) + "\n"


def _new(name: str, *taken: Mapping[str, object]) -> bool:
    return name != NONE and not any(name in names for names in taken)


def _key(vkey: str, kind: int, where: str) -> NoteKey:
    key = NoteKey.parse(vkey)
    if key.kind != kind:
        raise ArchiveFaultError(where, f"a key of type {kind}", f"type {key.kind}")
    return key


def _group(least: str, members: list[str], known: set[str], where: str) -> Group:
    number = {"any": 1, "all": len(members)}.get(least)
    if number is None and least.isascii() and least.isdecimal():
        number = int(least[:4])
    if number is None or not 1 <= number <= len(members):
        raise ArchiveFaultError(where, f"any, all or 1 to {len(members)}", ascii(least[:20]))
    if set(members) - known or len(set(members)) != len(members):
        expected = "witnesses and groups named above, once each"
        raise ArchiveFaultError(where, expected, ascii(" ".join(members))[:80])
    return Group(number, tuple(members))
