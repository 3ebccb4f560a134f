"""The pages of one cluster's year: board, ranking, a unit's scores, pledge, ballots, awards, dossiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from services.reporting.projections.awards import awards_of
from services.reporting.projections.ballot_queries import (
    ballot_in_full,
    ballots_of,
    nominations_of,
)
from services.reporting.projections.board import STEPS, board
from services.reporting.projections.conferences import conferences_of
from services.reporting.projections.cycles import cycle_of, milestones_of
from services.reporting.projections.dossiers import dossiers_of
from services.reporting.projections.eligibility import eligibility
from services.reporting.projections.officers import officers_of
from services.reporting.projections.pledge_queries import launch, pledge
from services.reporting.projections.ranking import ranking, ranking_versions
from services.reporting.projections.rules import rulebook
from services.reporting.projections.score_queries import evidence_of, reports_of, scores
from services.reporting.projections.secret_queries import elections_ahead
from services.reporting.projections.timeline import happenings
from services.reporting.projections.tracker_search import SHORTEST, find_tracker, read_beginning
from services.reporting.projections.unit_queries import unit as unit_of
from services.reporting.reading import Reading
from services.reporting.web import parameters as given
from services.reporting.web.faults import found

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from services.reporting.moments import Moments
    from services.reporting.web.rendering import Renderer

    Show: TypeAlias = Callable[
        [str, str, str, str, Callable[[Reading], dict[str, Any]]], HTMLResponse
    ]

YEAR = "/nam/{authority}/{cluster}/{year}"
LATEST = 10
_MOST_TYPED: Final = 200


def cycle_pages(moments: Moments, renderer: Renderer, language: str) -> APIRouter:
    """The pages of every year in ``vi`` or ``en``."""
    routes = APIRouter()

    def show(
        template: str,
        cycle: str,
        under: str,
        source: str,
        question: Callable[[Reading], dict[str, Any]],
    ) -> HTMLResponse:
        with moments.reading() as read:
            of_year = found(cycle_of(read, cycle), cycle)
            return renderer.page(
                template,
                language,
                f"/nam/{cycle}{under}",
                read,
                cycle=cycle,
                source=f"/v1/cycles/{cycle}{source}",
                of_year=of_year,
                **question(read),
            )

    _scoring(routes, show)
    _deciding(routes, show)
    return routes


def _scoring(routes: APIRouter, show: Show) -> None:
    @routes.get(YEAR)
    def board_page(cycle: given.Cycle) -> HTMLResponse:
        def ask(read: Reading) -> dict[str, Any]:
            return {
                "board": board(read, cycle),
                "steps": STEPS,
                "milestones": milestones_of(read, cycle),
                "officers": officers_of(read, cycle),
                "launch": launch(read, cycle),
                "latest": happenings(read, subject=cycle, most=LATEST),
            }

        return show("board.html", cycle, "", "/board", ask)

    @routes.get(f"{YEAR}/xep-hang")
    def ranking_page(cycle: given.Cycle, version: given.Version = None) -> HTMLResponse:
        def ask(read: Reading) -> dict[str, Any]:
            found_ranking = ranking(read, cycle, version)
            if version is not None:
                found(found_ranking, version)
            versions = ranking_versions(read, cycle)
            return {
                "ranking": found_ranking,
                "versions": versions,
                "eligibility": eligibility(read, cycle),
            }

        return show("ranking.html", cycle, "/xep-hang", "/ranking", ask)

    @routes.get(f"{YEAR}/don-vi/{{code}}")
    def unit_page(cycle: given.Cycle, code: given.Code) -> HTMLResponse:
        def ask(read: Reading) -> dict[str, Any]:
            found(unit_of(read, code), code)
            ranked = ranking(read, cycle)
            lines = ranked.rows if ranked else []
            rules = rulebook(read, cycle)
            criteria = rules.rules.scoring.criteria if rules else ()
            return {
                "code": code,
                "line": next((line for line in lines if line.unit == code), None),
                "ranking": ranked,
                "scores": scores(read, cycle, code),
                "criteria": {one.code: one for one in criteria},
                "reports": reports_of(read, cycle, code),
                "evidence": evidence_of(read, cycle, code),
                "row": next((r for r in board(read, cycle).rows if r.unit == code), None),
                "awards": [one for one in awards_of(read, cycle).rows if one.unit == code],
            }

        return show("unit_year.html", cycle, f"/don-vi/{code}", f"/scores/{code}", ask)

    @routes.get(f"{YEAR}/giao-uoc")
    def pledge_page(cycle: given.Cycle) -> HTMLResponse:
        return show(
            "pledge.html",
            cycle,
            "/giao-uoc",
            "/pledge",
            lambda read: {"pledge": pledge(read, cycle)},
        )


def _deciding(routes: APIRouter, show: Show) -> None:
    @routes.get(f"{YEAR}/bo-phieu")
    def ballots_page(cycle: given.Cycle) -> HTMLResponse:
        def ask(read: Reading) -> dict[str, Any]:
            return {
                "ballots": ballots_of(read, cycle),
                "conferences": conferences_of(read, cycle),
                "nominations": nominations_of(read, cycle),
                "ahead": elections_ahead(read, cycle),
            }

        return show("ballots.html", cycle, "/bo-phieu", "/ballots", ask)

    @routes.get(f"{YEAR}/bo-phieu/{{ballot}}")
    def ballot_page(
        cycle: given.Cycle,
        ballot: given.Slug,
        ma: Annotated[str, Query(max_length=_MOST_TYPED)] = "",
    ) -> HTMLResponse:
        def ask(read: Reading) -> dict[str, Any]:
            full = found(ballot_in_full(read, cycle, ballot), ballot)
            asked = read_beginning(ma)
            search = find_tracker(read, cycle, ballot, asked) if asked else None
            return {"full": full, "typed": ma, "search": search, "shortest": SHORTEST}

        return show("ballot.html", cycle, f"/bo-phieu/{ballot}", f"/ballots/{ballot}", ask)

    @routes.get(f"{YEAR}/khen-thuong")
    def awards_page(cycle: given.Cycle) -> HTMLResponse:
        return show(
            "awards.html",
            cycle,
            "/khen-thuong",
            "/awards",
            lambda read: {"awards": awards_of(read, cycle)},
        )

    @routes.get(f"{YEAR}/ho-so")
    def dossiers_page(cycle: given.Cycle) -> HTMLResponse:
        return show(
            "dossiers.html",
            cycle,
            "/ho-so",
            "/dossiers",
            lambda read: {"dossiers": dossiers_of(read, cycle)},
        )
