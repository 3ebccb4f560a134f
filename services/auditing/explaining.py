"""A published result explained from a held archive: its chain with sentences, signers and proofs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from services.auditing.awarding import explain_award
from services.auditing.balloting import explain_ballot
from services.auditing.chain import Chain, Words
from services.auditing.facts import Facts, facts_of
from services.auditing.pledging import explain_pledge, explain_unit
from services.auditing.replaying import replayed
from services.auditing.scoring import explain_ranking
from services.reporting.projections.timeline import happening
from thidua.audit.registered import keys_of
from thidua.clock import format_instant
from thidua.errors import RejectError
from thidua.log.entry import read_entry
from thidua.signing import VerifyingKey, parse_jws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thidua.audit.held import HeldFolder
    from thidua.audit.registered import KeyLine


class NoSuchResultError(RejectError):
    """The words after ``explain`` name no kind of result, or too few of its parts."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"{given}: cần / expected: award CYCLE UNIT TITLE, ranking CYCLE [UNIT], ballot CYCLE BALLOT, "
            "pledge CYCLE, unit AUTHORITY UNIT"
        )


def explain(held: HeldFolder, words: list[str], position: int | None = None) -> Chain:
    """
    The chain of the result that *words* name, as of *position*, each entry proven and held to its signature.

    Raises :class:`NoSuchResultError` for words that name nothing.
    """
    until = held.size if position is None else position
    chain = Chain(" ".join(words))
    facts = facts_of(held.entries(0, until), words[1] if len(words) > 1 else "")
    match words:
        case ["award", _, unit, title]:
            explain_award(facts, chain, unit, title)
        case ["ranking", _, *unit] if len(unit) <= 1:
            _ranking(facts, chain, unit[0] if unit else None)
        case ["ballot", _, ballot]:
            _ballot(facts, chain, ballot)
        case ["pledge", _]:
            explain_pledge(facts, chain)
        case ["unit", _, unit]:
            explain_unit(facts, chain, unit)
        case _:
            raise NoSuchResultError(" ".join(words))
    _say(held, chain, facts, until)
    return chain


def _ranking(facts: Facts, chain: Chain, unit: str | None) -> None:
    told = explain_ranking(facts, chain, unit=unit)
    if told is not None:
        rows = [row for row in told.data.rows if unit in (None, row.unit)]
        listed = "; ".join(f"{row.rank}. {row.unit} {row.total}" for row in rows)
        chain.conclusion = Words(f"xếp hạng: {listed}", f"ranking: {listed}")


def _ballot(facts: Facts, chain: Chain, ballot: str) -> None:
    outcome = explain_ballot(facts, chain, ballot)
    if outcome is not None:
        listed = ", ".join(outcome.data.passed) or "–"
        chain.conclusion = Words(f"{ballot}: được chọn {listed}", f"{ballot}: passed {listed}")


def _say(held: HeldFolder, chain: Chain, facts: Facts, until: int) -> None:
    """Give every link its sentence, its signer and its proof."""
    known = {told.position: told for told in facts.told}
    keys = keys_of(held.folder, held.size)
    with replayed(held.pages, until) as read:
        for link in chain.links.values():
            told = known[link.position]
            if (found := happening(read, position=link.position)) is not None:
                link.sentence = Words(found.vi, found.en)
            link.rx, link.signer = format_instant(told.event.rx), told.event.kid
            if link.position == chain.concluded_by:
                chain.conclusion = link.sentence
            hashes = held.proof(link.position).hashes
            link.proof = tuple(base64.b64encode(one).decode() for one in hashes)
            if not _is_signed(held, link.position, keys):
                chain.finding(
                    told,
                    f"chữ ký của {link.signer} không đúng",
                    f"the signature of {link.signer} does not hold",
                )


def _is_signed(held: HeldFolder, position: int, keys: Mapping[str, KeyLine]) -> bool:
    """Whether the event is signed by the registered key it names."""
    [(_, raw)] = held.entries(position - 1, position)
    try:
        parsed = parse_jws(read_entry(position, raw).jws or b"")
        key = keys[parsed.kid]
        parsed.verify(VerifyingKey.from_spki(key.spki, key.alg))
    except (RejectError, KeyError):
        return False
    return True
