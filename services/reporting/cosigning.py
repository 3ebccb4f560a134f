"""Collecting cosignatures: every witness of the policy is shown that the newest checkpoint continues what it saw."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx
import structlog

from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.witness import SIZE_TYPE, write_request

if TYPE_CHECKING:
    from services.reporting.archive import Archive, SealedLog
    from thidua.tlog.notes import Checkpoint
    from thidua.tlog.policy import Policy

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 10.0
TRIES: Final = 3
DAY_SECONDS: Final = 86_400.0


class Asking:
    """
    Asks the witnesses of a policy how much they have seen of a log.

    ``ahead`` names the witnesses that have seen more than the archive holds: it was restored from an old copy or
    forked, and goes on only when a person has looked. ``heard`` is what each that answered has seen, ``contrary`` are
    those that hold another history.
    """

    def __init__(self, archive: SealedLog, policy: Policy, client: httpx.AsyncClient) -> None:
        self.archive = archive
        self.policy = policy
        self.ahead: dict[str, int] = {}
        self.heard: dict[str, int] = {}
        self.contrary: set[str] = set()
        self._client = client
        self._seen: dict[str, int] = {}

    @property
    def seen(self) -> int:
        """The most that a witness has seen of a log longer than ours, 0 when none has."""
        return max(self.ahead.values(), default=0)

    async def look(self) -> dict[str, str]:
        """
        Ask how much the witnesses have seen of the newest checkpoint's log, before anything is written to it.

        Gives the cosignature lines of those that have seen no more; nothing of them is kept.
        """
        checkpoint = self.archive.checkpoint()
        if checkpoint is None:
            return {}
        bare = checkpoint.only([checkpoint.origin])
        named = dict(self._named())
        lines = await asyncio.gather(*(self._ask(name, url, bare) for name, url in named.items()))
        return {name: line for name, line in zip(named, lines, strict=True) if line is not None}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _named(self) -> list[tuple[str, str]]:
        return [one for one in self.policy.urls.items() if one[0] in self.policy.witnesses]

    async def _ask(self, name: str, url: str, checkpoint: Checkpoint) -> str | None:
        files = self.archive.files(checkpoint.size)
        for _ in range(TRIES):
            old = self._seen.get(name, 0)
            try:
                body = await asyncio.to_thread(write_request, files, checkpoint, old)
                answer = await self._client.post(
                    f"{url.rstrip('/')}/add-checkpoint", content=body, timeout=ANSWER_SECONDS
                )
            except httpx.HTTPError as error:
                log.warning("witness_away", witness=name, error=type(error).__name__)
                return None
            told = answer.text.strip()
            if answer.status_code == HTTPStatus.OK:
                self.heard[name] = checkpoint.size
                self._seen[name] = checkpoint.size
                self.ahead.pop(name, None)
                return answer.text
            is_size = answer.headers.get("content-type", "").startswith(SIZE_TYPE)
            if answer.status_code == HTTPStatus.CONFLICT and is_size and told.isdecimal():
                seen = self.heard[name] = int(told)
                if seen == old:
                    self.contrary.add(name)
                if seen > checkpoint.size or seen == old:
                    self.ahead[name] = seen
                    log.critical(
                        "witness_saw_another_log", witness=name, seen=seen, ours=checkpoint.size
                    )
                    return None
                self._seen[name] = seen
                continue
            if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
                self.contrary.add(name)
            log.critical("witness_refused", witness=name, status=answer.status_code)
            return None
        return None


class Cosigning(Asking):
    """Collects cosignatures for the archive's writer, and keeps them under its checkpoints."""

    def __init__(self, archive: Archive, policy: Policy, client: httpx.AsyncClient) -> None:
        super().__init__(archive, policy, client)
        self._own = archive

    async def ask(self, checkpoint: Checkpoint) -> Checkpoint:
        """*checkpoint* with the cosignatures of everybody who gave one; it is kept in the archive."""
        named = dict(self._named())
        bare = checkpoint.only([checkpoint.origin])
        lines = await asyncio.gather(*(self._ask(name, url, bare) for name, url in named.items()))
        cosigned = checkpoint
        for name, line in zip(named, lines, strict=True):
            if line is None:
                continue
            try:
                candidate = cosigned.signed(line)
                candidate.signed_by(self.policy.witnesses[name])
            except ArchiveFaultError as error:
                log.warning("witness_signed_wrongly", witness=name, reason=str(error))
            else:
                cosigned = candidate
        if cosigned != checkpoint:
            await asyncio.to_thread(self._own.cosigned, cosigned)
        quorum = self.policy.check(cosigned)
        level = log.info if quorum.reached else log.warning
        level(
            "checkpoint_cosigned",
            size=checkpoint.size,
            by=len(quorum.cosigned),
            final=quorum.reached,
        )
        return cosigned

    async def run(self, *, every: float = EVERY_SECONDS) -> None:
        """Ask for each new checkpoint, for one that is not final again, and once a day when nothing is new."""
        asked, final, rested = -1, False, 0.0
        while True:
            checkpoint = self._own.checkpoint() if self._own.is_writer else None
            if checkpoint is not None and (
                checkpoint.size != asked or not final or rested >= DAY_SECONDS
            ):
                cosigned = await self.ask(checkpoint)
                asked, rested = checkpoint.size, 0.0
                final = self.policy.check(cosigned).reached
            await asyncio.sleep(every)
            rested += every
