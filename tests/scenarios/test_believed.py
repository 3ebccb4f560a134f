"""What a judge says it does not believe really changes nothing that it knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.demo import SEED
from services.sandbox import JUDGES
from tests.audit.played import played
from thidua.contracts import CONTRACTS
from thidua.evolving import BELIEVED, evolve_frame, evolve_registry
from thidua.knowledge import Knowledge, recorded_event
from thidua.log import read_entry
from thidua.standing import Frame, Registry

if TYPE_CHECKING:
    from thidua.deciding import Judge

ALL = frozenset(contract.data for contract in CONTRACTS.values())
OTHER = Path(__file__).parent / "three-2023.jsonl"


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.service)
@pytest.mark.parametrize("scenario", [SEED, OTHER], ids=["border-2020", "three-2023"])
def test_a_judge_that_reads_only_what_it_believes_knows_the_same_as_one_that_reads_everything(
    judge: Judge[Any], scenario: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, log = played(scenario, tmp_path_factory.getbasetemp())
    short, whole = Knowledge(judge), Knowledge(replace(judge, believes=ALL))
    passed_by = 0
    for position, raw in log:
        entry = read_entry(position, raw)
        assert short.take(entry) == whole.take(entry)
        if entry.is_recorded:
            passed_by += type(recorded_event(entry).data).TYPE.encode() not in short.fold.wanted
    subjects = set(whole.fold.subjects())
    assert set(short.fold.subjects()) == subjects
    for subject in subjects:
        assert short.fold.cycle(subject) == whole.fold.cycle(subject)
        assert short.fold.registry(subject.partition("/")[0]) == whole.fold.registry(
            subject.partition("/")[0]
        )
    assert (short.heads, short.chains, short.ids, short.keys_in, short.clock_ms) == (
        whole.heads,
        whole.chains,
        whole.ids,
        whole.keys_in,
        whole.clock_ms,
    )
    assert passed_by


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.service)
def test_an_event_of_a_type_that_is_not_believed_leaves_every_state_as_it_is(
    judge: Judge[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, log = played(SEED, tmp_path_factory.getbasetemp())
    events = [
        recorded_event(entry) for entry in (read_entry(*one) for one in log) if entry.is_recorded
    ]
    states = [judge.start("BVHTTDL/BGPB/2020")]
    registry, frame = Registry("BVHTTDL"), Frame("BVHTTDL/BGPB/2020")
    for event in events:
        kind = type(event.data)
        if kind not in BELIEVED:
            assert evolve_registry(registry, event) is registry
            assert evolve_frame(frame, event) is frame
        if kind not in BELIEVED | judge.believes:
            assert all(judge.evolve(state, event) is state for state in states)
        registry = evolve_registry(registry, event)
        frame = evolve_frame(frame, event)
        if event.subject == "BVHTTDL/BGPB/2020":
            states.append(judge.evolve(states[-1], event))
