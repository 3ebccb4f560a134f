"""The JSON API on the year 2020: every resource, its schema, and what is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from services.reporting.database import open_engine, prepare
from services.reporting.following import Projector
from tests.reporting.archives import signer
from tests.reporting.entries import CYCLE, MINISTRY, NEXT, Entries
from tests.reporting.web.conftest import site_on
from tests.reporting.year import FLAG, UNITS, event_at, founding, year_2020
from thidua.contracts import units as u
from thidua.tlog.notes import read_checkpoint
from thidua.tlog.policy import Policy
from thidua.tlog.proofs import read_proof

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from fastapi import FastAPI

YEAR = f"/v1/cycles/{CYCLE}"
RESOURCES = {
    "/v1/units": "/v1/units",
    "/v1/units/LCA": "/v1/units/{code}",
    "/v1/clusters": "/v1/clusters",
    "/v1/clusters/BVHTTDL/BGPB/officers": "/v1/clusters/{authority}/{cluster}/officers",
    "/v1/keys": "/v1/keys",
    "/v1/cycles": "/v1/cycles",
    **{
        f"{YEAR}{under}": f"/v1/cycles/{{authority}}/{{cluster}}/{{year}}{as_known}"
        for under, as_known in (
            ("", ""),
            ("/board", "/board"),
            ("/milestones", "/milestones"),
            ("/rulebook", "/rulebook"),
            ("/officers", "/officers"),
            ("/ranking", "/ranking"),
            ("/scores/CBG", "/scores/{code}"),
            ("/evidence/CBG", "/evidence/{code}"),
            ("/pledge", "/pledge"),
            ("/conferences", "/conferences"),
            ("/nominations", "/nominations"),
            ("/eligibility", "/eligibility"),
            ("/ballots", "/ballots"),
            ("/ballots/phieu-3", "/ballots/{ballot}"),
            ("/ballots/phieu-1/minutes", "/ballots/{ballot}/minutes"),
            ("/awards", "/awards"),
            ("/dossiers", "/dossiers"),
        )
    },
    "/v1/timeline?most=50": "/v1/timeline",
    "/v1/timeline/7": "/v1/timeline/{position}",
    "/v1/entries": "/v1/entries",
    "/v1/refused": "/v1/refused",
    "/v1/parked": "/v1/parked",
    f"/v1/outcome?cycle={CYCLE}": "/v1/outcome",
    "/v1/fingerprints": "/v1/fingerprints",
    "/v1/archive": "/v1/archive",
    "/v1/checks": "/v1/checks",
    f"/v1/receipt?hash={event_at(64)}": "/v1/receipt",
}
"""Every address asked for here, and the path of the OpenAPI document that describes it."""


async def data(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def mismatch(value: Any, schema: dict[str, Any], known: dict[str, Any], at: str = "") -> str | None:
    """Where *value* is not as *schema* says; the part of JSON Schema that FastAPI writes."""
    if "$ref" in schema:
        return mismatch(value, known[schema["$ref"].rpartition("/")[2]], known, at)
    if "anyOf" in schema:
        faults = [mismatch(value, one, known, at) for one in schema["anyOf"]]
        return None if None in faults else faults[0]
    if "enum" in schema and value not in schema["enum"]:
        return f"{at}: {value!r}"
    kinds = {
        "object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
        "number": (int, float), "null": type(None),
    }  # fmt: skip
    kind = schema.get("type")
    if kind is not None and not isinstance(value, kinds[kind]):
        return f"{at}: {value!r} is no {kind}"
    inside: list[tuple[Any, dict[str, Any], str]] = []
    if isinstance(value, list) and "items" in schema:
        inside = [(one, schema["items"], f"{at}/{n}") for n, one in enumerate(value)]
    if isinstance(value, dict):
        named = schema.get("properties", {})
        if missing := set(schema.get("required", ())) - set(value):
            return f"{at}: {missing} missing"
        if named and (more := set(value) - set(named)):
            return f"{at}: {more} not described"
        rest = schema.get("additionalProperties")
        rest = rest if isinstance(rest, dict) else {}
        inside = [(one, named.get(name, rest), f"{at}/{name}") for name, one in value.items()]
    return next((f for one in inside if (f := mismatch(*one[:2], known, one[2]))), None)


@pytest.mark.parametrize("path", RESOURCES)
async def test_every_answer_is_as_the_openapi_document_says(
    path: str, client: httpx.AsyncClient
) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    answer = await client.get(path)
    assert answer.status_code == 200
    described = document["paths"][RESOURCES[path]]["get"]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert mismatch(answer.json(), schema, document["components"]["schemas"]) is None
    assert described["summary"]
    assert described["description"]


async def test_every_path_of_the_openapi_document_is_asked_for_here(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    assert set(document["paths"]) - set(RESOURCES.values()) == {
        "/v1/refused/{position}",
        "/v1/proofs/{position}",
        "/v1/entries/{position}",
        *(
            f"/v1/cycles/{{authority}}/{{cluster}}/{{year}}/ballots/{{ballot}}/{of_secret_ones}"
            for of_secret_ones in ("election", "trackers", "tracker", "key-generation")
        ),
    }


async def test_a_schema_that_does_not_fit_is_noticed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert mismatch({"a": "x"}, schema, {}) is None
    assert mismatch({"a": 1}, schema, {})
    assert mismatch({}, schema, {})
    assert mismatch({"a": "x", "b": 1}, schema, {})


async def test_every_answer_says_up_to_where_and_that_it_is_a_trial(
    client: httpx.AsyncClient,
) -> None:
    answer = (await client.get("/v1/units")).json()
    last = (await client.get("/v1/timeline?most=1")).json()["data"][0]["position"]
    assert answer["position"] == last
    assert answer["sandbox"] is True


async def test_a_unit_comes_with_names_changes_and_memberships(client: httpx.AsyncClient) -> None:
    unit = await data(client, "/v1/units/LCA")
    assert unit["names"][0]["short_vi"] == "Sở VHTTDL Lào Cai"
    assert [one["change"] for one in unit["changes"]] == ["registered"]
    assert unit["memberships"][0]["cluster"] == "BGPB"
    assert [one["unit"] for one in await data(client, "/v1/units")] == list(UNITS)


async def test_the_board_says_who_did_what_and_what_is_next_until_when(
    client: httpx.AsyncClient,
) -> None:
    board = await data(client, f"{YEAR}/board")
    states = {
        (row["unit"], cell["step"]): cell["state"] for row in board["rows"] for cell in row["cells"]
    }
    assert states["LCA", "registration"] == "done"
    assert states["SLA", "report"] == "late"
    assert [one["step"] for one in board["next"]] == ["half-year-report"]


async def test_the_ranking_gives_points_and_reasons(client: httpx.AsyncClient) -> None:
    ranking = await data(client, f"{YEAR}/ranking")
    assert [(row["unit"], row["total"]) for row in ranking["rows"]][:2] == [
        ("LCA", "98.5"),
        ("LCH", "98.5"),
    ]
    of_cbg = next(row for row in ranking["rows"] if row["unit"] == "CBG")
    assert (of_cbg["base"], of_cbg["bonus"], of_cbg["minus"]) == ("94.0", "0.5", "1.0")
    assert {"bonus", "minus", "cross-check"} <= {why["kind"] for why in of_cbg["reasons"]}


async def test_a_ranking_that_is_not_there_yet_is_null_and_an_unknown_version_is_not_found(
    client: httpx.AsyncClient,
) -> None:
    assert await data(client, f"/v1/cycles/{NEXT}/ranking") is None
    assert (await client.get(f"{YEAR}/ranking?version=9")).status_code == 404


async def test_the_pledge_gives_signatures_targets_and_results(client: httpx.AsyncClient) -> None:
    pledge = await data(client, f"{YEAR}/pledge")
    assert [one["unit"] for one in pledge["signatures"] if one["answer"] == "signed"] == list(UNITS)
    [target] = pledge["targets"]
    assert (target["first_value"], target["value"]) == ("500.0", "300.0")
    assert target["results"][0]["met"] is True


async def test_ballots_give_figures_and_the_outcome_against_the_threshold(
    client: httpx.AsyncClient,
) -> None:
    ballots = await data(client, f"{YEAR}/ballots")
    first = ballots[0]
    assert (first["issued"], first["returned"], first["valid"], first["invalid"]) == (7, 7, 7, {})
    assert (first["needed"], first["passed"]) == (5, ["LCA", "LCH", "LSN"])
    roll_call = await data(client, f"{YEAR}/ballots/phieu-3")
    assert [vote["unit"] for vote in roll_call["votes"]] == list(UNITS)


async def test_officers_are_told_through_the_years(client: httpx.AsyncClient) -> None:
    years = await data(client, "/v1/clusters/BVHTTDL/BGPB/officers")
    assert [(one["year"], one["chair"]["unit"], one["deputy"]["unit"]) for one in years] == [
        (2021, "LCA", "HGI"),
        (2020, "LCH", "LCA"),
    ]


async def test_awards_lead_from_proposal_to_decision_with_the_money(
    client: httpx.AsyncClient,
) -> None:
    awards = await data(client, f"{YEAR}/awards")
    assert awards["reward_total"] == 47_680_000
    flags = [one for one in awards["rows"] if one["award"] == FLAG]
    assert [(one["unit"], one["state"], one["votes"]) for one in flags] == [
        ("LCA", "decided", 7),
        ("LCH", "decided", 7),
        ("LSN", "decided", 6),
    ]


async def test_a_dossier_tells_its_way_and_its_limits(client: httpx.AsyncClient) -> None:
    dossiers = {one["unit"]: one for one in await data(client, f"{YEAR}/dossiers")}
    assert dossiers["LSN"]["missing"] == ["Biên bản"]
    assert [limit["step"] for limit in dossiers["LSN"]["limits"]] == [
        "return",
        "complete",
        "appraise",
        "decide",
        "notify",
    ]


async def test_the_timeline_is_read_part_by_part_and_misses_nothing(
    client: httpx.AsyncClient,
) -> None:
    path, seen = "/v1/timeline?most=40", []
    while path:
        part = (await client.get(path)).json()
        seen += [one["position"] for one in part["data"]]
        path = part["next"]
    assert seen == list(range(seen[0], 0, -1))


async def test_the_timeline_of_a_unit_in_a_year_holds_nothing_else(
    client: httpx.AsyncClient,
) -> None:
    only = await data(client, f"/v1/timeline?unit=LCA&subject={CYCLE}")
    assert {(one["unit"], one["subject"]) for one in only} == {("LCA", CYCLE)}
    assert await data(client, "/v1/timeline?type=thidua.units.nothing.v1") == []


async def test_refused_events_say_what_to_mend_and_never_what_they_held(
    client: httpx.AsyncClient,
) -> None:
    refused = await data(client, "/v1/refused")
    assert {one["code"] for one in refused} == {"DEADLINE_PASSED", "SCHEMA_INVALID"}
    for one in refused:
        assert one["problem"]["fix_vi"]
        assert one["problem"]["fix_en"]
        assert await data(client, f"/v1/refused/{one['position']}") == one
    assert "of this" not in (await client.get("/v1/refused")).text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/v1/units/ZZZ",
        "/v1/units/none",
        "/v1/cycles/BVHTTDL/BGPB/1999/board",
        "/v1/cycles/BVHTTDL/BGPB/0000/board",
        f"{YEAR}/ballots/phieu-99",
        f"{YEAR}/scores/ZZZ",
        "/v1/clusters/BVHTTDL/XX/officers",
        "/v1/timeline/99999",
        "/v1/timeline/0",
        "/v1/refused/1",
        "/v1/timeline?before=abc",
        "/v1/timeline?most=100000",
        "/v1/outcome",
        "/v1/outcome?cycle=BVHTTDL/BGPB/1999",
    ],
)
async def test_an_unknown_thing_is_a_problem_document_in_two_languages(
    path: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "NOT_FOUND"
    assert problem["status"] == 404
    assert (problem["title_vi"], problem["title_en"]) == ("Không tìm thấy", "Not found")
    assert "Traceback" not in answer.text


async def test_nothing_can_be_written_through_the_api(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/units", json={})
    assert answer.status_code == 405
    assert answer.json()["status"] == 405


async def test_before_anything_was_read_the_answer_is_to_come_back_later(
    tmp_path: Path, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/empty.sqlite3")
    prepare(engine)
    async with visit(site_on(engine)) as client:
        answer = await client.get("/v1/units")
        page = await client.get("/en/")
    engine.dispose()
    assert (answer.status_code, page.status_code) == (503, 503)
    assert answer.headers["retry-after"]
    assert answer.json()["retryable"] is True
    assert "try again" in page.text


async def test_an_empty_year_answers_with_empty_lists(
    tmp_path: Path, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    log = Entries()
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-01-10 08:00")
    engine = open_engine(f"sqlite:///{tmp_path}/young.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    async with visit(site_on(engine, sandbox=False)) as client:
        for under in ("ballots", "dossiers", "eligibility", "conferences", "milestones"):
            assert await data(client, f"{YEAR}/{under}") == []
        assert (await client.get("/v1/units")).json()["sandbox"] is False
        for under in ("", "/xep-hang", "/giao-uoc", "/bo-phieu", "/khen-thuong", "/ho-so"):
            page = await client.get(f"/nam/{CYCLE}{under}")
            assert page.status_code == 200
            assert re.search(r"[Cc]hưa", page.text)
            assert "SANDBOX" not in page.text
    engine.dispose()


async def test_an_entrys_proof_and_the_archives_files_are_served_as_they_stand(
    client: httpx.AsyncClient,
) -> None:
    checkpoint = read_checkpoint((await client.get("/archive/checkpoint")).content)
    proof = read_proof((await client.get("/v1/proofs/64")).content)
    assert proof.checkpoint == checkpoint
    policy = Policy(signer().public)
    assert proof.check(year_2020().raw[63][1], policy).reached
    assert (await client.get("/v1/entries/64")).content == year_2020().raw[63][1]
    for beyond in (f"/v1/proofs/{checkpoint.size + 1}", f"/v1/entries/{checkpoint.size + 1}"):
        assert (await client.get(beyond)).status_code == 404
    told = (await client.get("/v1/archive")).json()
    assert (told["position"], told["root"]) == (checkpoint.size, checkpoint.root.hex())
    for path in (
        "/archive/../gate.json",
        "/archive/%2e%2e/gate.json",
        "/archive/",
        "/archive/tile",
    ):
        assert (await client.get(path)).status_code == 404
