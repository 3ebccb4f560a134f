"""
The names of one partition's keys in Redis, and how ids in its streams compare.

All names share the partition's hash tag, so one script may touch them all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Every key of a partition."""

    partition: str = "p0"

    @property
    def prefix(self) -> str:
        """What every key begins with: the hash tag and a colon."""
        return f"{{{self.partition}}}:"

    @property
    def log(self) -> str:
        """The stream of entries."""
        return f"{self.prefix}log"

    @property
    def open(self) -> str:
        """The gate: the server's run id while the log is open for writing."""
        return f"{self.prefix}open"

    @property
    def heads(self) -> str:
        """Subject → position of its last recorded entry."""
        return f"{self.prefix}heads"

    @property
    def chains(self) -> str:
        """``<service>/<kid>`` → ``<seq> <event hash>``."""
        return f"{self.prefix}chains"

    @property
    def offsets(self) -> str:
        """How far each inbox and each publisher's stream was consumed, and the last id of each inbox."""
        return f"{self.prefix}offsets"

    @property
    def clock(self) -> str:
        """The last arrival per service; per subject in a sandbox."""
        return f"{self.prefix}clock"

    @property
    def answers(self) -> str:
        """Answers to events that did not enter the log, the latest few thousand."""
        return f"{self.prefix}answers"

    @property
    def followed(self) -> str:
        """Follower → position it has followed the log to."""
        return f"{self.prefix}followed"

    @property
    def meta(self) -> str:
        """The log's origin and whether it is a sandbox."""
        return f"{self.prefix}meta"

    @property
    def said(self) -> str:
        """Erasable store: the bytes of events refused for their form, by position."""
        return f"{self.prefix}said"

    @property
    def traces(self) -> str:
        """A ring beside the log: where the traces of the latest entries go on, and nothing of the entries."""
        return f"{self.prefix}traces"

    def inbox(self, service: str) -> str:
        """A deciding service's inbox."""
        return f"{self.prefix}inbox:{service}"

    def incoming(self, publisher: str) -> str:
        """A publisher's own stream."""
        return f"{self.prefix}in:{publisher}"

    def receipts(self, publisher: str) -> str:
        """A publisher's receipts, the latest thousand."""
        return f"{self.prefix}receipts:{publisher}"

    def ids(self, shard: str) -> str:
        """Ids of recorded events whose digest begins with *shard* (3 hex digits) → position."""
        return f"{self.prefix}ids:{shard}"

    @property
    def placed(self) -> str:
        """The position up to which the doors have noted where events stand."""
        return f"{self.prefix}placed"

    def places(self, shard: str) -> str:
        """Event hashes that begin with *shard* (2 letters) → position."""
        return f"{self.prefix}places:{shard}"

    def entries(self, publisher: str) -> str:
        """The positions of a publisher's entries, as ids of a stream."""
        return f"{self.prefix}entries:{publisher}"


def order(stream_id: str) -> tuple[int, int]:
    """A stream id as numbers that compare as Redis orders them."""
    ms, _, seq = stream_id.partition("-")
    return int(ms), int(seq)
