"""The JSON API of one cluster's year: board, ranking, scores, pledge, ballots, awards, dossiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query

from services.reporting.projections.awards import Awards, awards_of
from services.reporting.projections.ballot_queries import (
    Ballot,
    BallotInFull,
    ballot_in_full,
    ballots_of,
    nominations_of,
)
from services.reporting.projections.board import Board, board
from services.reporting.projections.conferences import Conference, conferences_of
from services.reporting.projections.cycles import (
    Cycle,
    Milestone,
    all_cycles,
    cycle_of,
    milestones_of,
)
from services.reporting.projections.dossiers import Dossier, dossiers_of
from services.reporting.projections.eligibility import Verdict, eligibility
from services.reporting.projections.officers import Officers, officers_of
from services.reporting.projections.pledge_queries import Pledge, pledge
from services.reporting.projections.ranking import Ranking, ranking
from services.reporting.projections.rules import Rulebook, rulebook
from services.reporting.projections.score_queries import (
    EvidenceFile,
    Scores,
    evidence_of,
    scores,
)
from services.reporting.projections.secret_queries import (
    SecretElection,
    TrackedVote,
    TrusteeShare,
    key_generation,
    secret_election,
    trackers_of,
)
from services.reporting.projections.tracker_search import (
    SHORTEST,
    TrackerSearch,
    find_tracker,
    read_beginning,
)
from services.reporting.projections.unit_queries import unit as unit_of
from services.reporting.reading import Reading
from services.reporting.web import parameters as given
from services.reporting.web.answers import Answer
from services.reporting.web.faults import found

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.reporting.moments import Moments

YEAR: Final = "/{authority}/{cluster}/{year}"
Ask: TypeAlias = "Callable[[str, Callable[[Reading], Any]], Answer[Any]]"


def cycle_api(moments: Moments, *, sandbox: bool) -> APIRouter:
    """The routes under ``/v1/cycles``."""
    routes = APIRouter(prefix="/cycles")

    def ask(cycle: str, question: Callable[[Reading], Any]) -> Answer[Any]:
        with moments.reading() as read:
            found(cycle_of(read, cycle), cycle)
            return Answer(position=read.position, sandbox=sandbox, data=question(read))

    @routes.get("", summary="Các năm thi đua / cycles")
    def cycles() -> Answer[list[Cycle]]:
        """Every cycle, the newest first."""
        with moments.reading() as read:
            return Answer(position=read.position, sandbox=sandbox, data=all_cycles(read))

    _of_the_year(routes, ask)
    _of_scores_and_pledge(routes, ask)
    _of_the_conference(routes, ask)
    return routes


def _of_the_year(routes: APIRouter, ask: Ask) -> None:
    @routes.get(YEAR, summary="Một năm thi đua / one cycle")
    def one(cycle: given.Cycle) -> Answer[Cycle]:
        """When it was opened and closed."""
        return ask(cycle, lambda read: cycle_of(read, cycle))

    @routes.get(f"{YEAR}/board", summary="Bảng theo dõi / the board")
    def board_of(cycle: given.Cycle) -> Answer[Board]:
        """Per unit and step: done, late, open or missed; and what is next, until when, by whom."""
        return ask(cycle, lambda read: board(read, cycle))

    @routes.get(f"{YEAR}/milestones", summary="Các mốc đã qua / milestones")
    def milestones(cycle: given.Cycle) -> Answer[list[Milestone]]:
        """What the cluster as a whole has passed, in the usual order of a year."""
        return ask(cycle, lambda read: milestones_of(read, cycle))

    @routes.get(f"{YEAR}/rulebook", summary="Quy chế và bảng điểm / the rulebook")
    def rulebook_of(cycle: given.Cycle, version: given.Version = None) -> Answer[Rulebook | None]:
        """Scoring table, quorum, thresholds, ties; the newest, null before there is one."""
        return ask(cycle, lambda read: _version(rulebook(read, cycle, version), version))

    @routes.get(f"{YEAR}/officers", summary="Cụm trưởng, Cụm phó / chair and deputy")
    def officers(cycle: given.Cycle) -> Answer[Officers]:
        """The officers of the year and how they came to be."""
        return ask(cycle, lambda read: officers_of(read, cycle))


def _of_scores_and_pledge(routes: APIRouter, ask: Ask) -> None:
    @routes.get(f"{YEAR}/ranking", summary="Xếp hạng / the ranking")
    def ranking_of(cycle: given.Cycle, version: given.Version = None) -> Answer[Ranking | None]:
        """Self and verified points, bonus, minus, total, rank, reasons; null before there is one."""
        return ask(cycle, lambda read: _version(ranking(read, cycle, version), version))

    @routes.get(f"{YEAR}/scores/{{code}}", summary="Điểm của một đơn vị / a unit's scores")
    def scores_of(cycle: given.Cycle, code: given.Code) -> Answer[Scores]:
        """Criterion by criterion: what it gave itself, what holds now, why."""

        def ask_scores(read: Reading) -> Scores:
            found(unit_of(read, code), code)
            return scores(read, cycle, code)

        return ask(cycle, ask_scores)

    @routes.get(f"{YEAR}/evidence/{{code}}", summary="Tài liệu kiểm chứng / a unit's evidence")
    def evidence_files(cycle: given.Cycle, code: given.Code) -> Answer[list[EvidenceFile]]:
        """Every file named or stored by hash: whether the store holds it, and where else it is used."""

        def ask_files(read: Reading) -> list[EvidenceFile]:
            found(unit_of(read, code), code)
            return evidence_of(read, cycle, code)

        return ask(cycle, ask_files)

    @routes.get(f"{YEAR}/pledge", summary="Giao ước thi đua / the pledge")
    def pledge_of(cycle: given.Cycle) -> Answer[Pledge | None]:
        """Text, signatures, targets with revisions and results; null before it is drafted."""
        return ask(cycle, lambda read: pledge(read, cycle))


def _of_the_conference(routes: APIRouter, ask: Ask) -> None:
    @routes.get(f"{YEAR}/conferences", summary="Hội nghị / conferences")
    def conferences(cycle: given.Cycle) -> Answer[list[Conference]]:
        """Convened, opened, who was there, the counting board, the minutes."""
        return ask(cycle, lambda read: conferences_of(read, cycle))

    @routes.get(f"{YEAR}/nominations", summary="Giới thiệu / nominations")
    def nominations(cycle: given.Cycle) -> Answer[list[dict[str, Any]]]:
        """Who was named for what, by whom."""
        return ask(cycle, lambda read: nominations_of(read, cycle))

    @routes.get(f"{YEAR}/eligibility", summary="Điều kiện xét / eligibility")
    def eligibility_of(cycle: given.Cycle) -> Answer[list[Verdict]]:
        """Who may be considered for which title: rule, fact and event of every finding."""
        return ask(cycle, lambda read: eligibility(read, cycle))

    @routes.get(f"{YEAR}/ballots", summary="Bỏ phiếu / ballots")
    def ballots(cycle: given.Cycle) -> Answer[list[Ballot]]:
        """Issued, returned, valid, invalid; votes and outcome against the threshold."""
        return ask(cycle, lambda read: ballots_of(read, cycle))

    @routes.get(f"{YEAR}/ballots/{{ballot}}", summary="Một cuộc bỏ phiếu / one ballot")
    def ballot_of(cycle: given.Cycle, ballot: given.Slug) -> Answer[BallotInFull]:
        """With roll-call votes once it is closed, and every count of the counting board."""
        return ask(cycle, lambda read: found(ballot_in_full(read, cycle, ballot), ballot))

    @routes.get(
        f"{YEAR}/ballots/{{ballot}}/election", summary="Phiếu kín / a secret ballot's set-up"
    )
    def election_of(cycle: given.Cycle, ballot: given.Slug) -> Answer[SecretElection]:
        """What a voter's or trustee's client needs: fingerprint, exact texts, credentials, how far it has come."""
        return ask(cycle, lambda read: found(secret_election(read, cycle, ballot), ballot))

    @routes.get(
        f"{YEAR}/ballots/{{ballot}}/trackers", summary="Mã tra cứu phiếu kín / trackers in the box"
    )
    def trackers(cycle: given.Cycle, ballot: given.Slug) -> Answer[list[TrackedVote]]:
        """Every vote in the box by its tracker, and whether it counts."""
        return ask(cycle, lambda read: found(trackers_of(read, cycle, ballot), ballot))

    @routes.get(
        f"{YEAR}/ballots/{{ballot}}/tracker", summary="Tìm một mã tra cứu / look for a tracker"
    )
    def tracker_of(
        cycle: given.Cycle,
        ballot: given.Slug,
        starts: Annotated[str, Query(min_length=SHORTEST, max_length=60)],
    ) -> Answer[TrackerSearch]:
        """By the whole tracker or its beginning of at least 8 characters: in the box, replaced, or not there."""
        asked = found(read_beginning(starts), starts)
        return ask(cycle, lambda read: found(find_tracker(read, cycle, ballot, asked), ballot))

    @routes.get(
        f"{YEAR}/ballots/{{ballot}}/key-generation", summary="Khóa kiểm phiếu / the trustees' keys"
    )
    def keys_of(cycle: given.Cycle, ballot: given.Slug) -> Answer[list[TrusteeShare]]:
        """What every trustee has published, round by round."""
        return ask(cycle, lambda read: found(key_generation(read, cycle, ballot), ballot))

    @routes.get(f"{YEAR}/awards", summary="Đề nghị và khen thưởng / proposals and awards")
    def awards(cycle: given.Cycle) -> Answer[Awards]:
        """What was proposed, what was decided, and the reward money that stands."""
        return ask(cycle, lambda read: awards_of(read, cycle))

    @routes.get(f"{YEAR}/dossiers", summary="Hồ sơ / dossiers")
    def dossiers(cycle: given.Cycle) -> Answer[list[Dossier]]:
        """Sent, received, returned, completed, appraised; limits in working days on both sides."""
        return ask(cycle, lambda read: dossiers_of(read, cycle))


def _version(thing: Any, version: int | None) -> Any:
    """Give nothing yet when the newest is asked for; a version that is asked for must be there."""
    return thing if version is None else found(thing, version)
