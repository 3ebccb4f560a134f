"""A service's README says every event type that the service judges or emits, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from thidua.contracts import Role, ballots, pledges, units

if TYPE_CHECKING:
    from thidua.contracts import EventData

SERVICES = Path(__file__).parents[2] / "services"
TYPES: dict[str, tuple[type[EventData], ...]] = {
    "units": get_args(units.UnitsEvent),
    "ballots": get_args(ballots.BallotsEvent),
    "pledges": get_args(pledges.PledgesEvent),
}


def names(service: str, *, own: bool) -> set[str]:
    """The types that the service alone publishes, or those it judges; what the store says is judged too."""
    return {
        kind.TYPE.split(".")[2]
        for kind in TYPES[service]
        if (kind.ROLES == (Role.SERVICE,) and kind is not units.EvidenceStored) is own
    }


def said(service: str, heading: str) -> set[str]:
    """The hyphenated words in code marks under the README's section of that heading."""
    text = (SERVICES / service / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", found[1]))


@pytest.mark.parametrize("service", TYPES)
def test_the_readme_names_every_event_that_is_judged_and_no_other(service: str) -> None:
    assert said(service, "Events judged") == names(service, own=False)


@pytest.mark.parametrize("service", TYPES)
def test_the_readme_names_every_event_that_the_service_emits_itself(service: str) -> None:
    told = said(service, "Events? emitted")
    assert names(service, own=True) <= told
    assert told <= names(service, own=True) | names(service, own=False)
