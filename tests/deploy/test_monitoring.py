"""Alarms and dashboard hold to what the processes really show, and the manual says what to do about each alarm."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from services.__main__ import APART, PORTS, PROCESSES
from services.condition import PROCESSES as ASKED
from services.reporting.metrics import ReportingMetrics, WebMetrics
from services.status import PORTS as ASKED_ON
from services.units.door_metrics import DoorMetrics
from tests.deploy.stack import DEPLOY
from thidua.metrics import DecidingMetrics, Metrics

FOLDER: Final = DEPLOY / "prometheus"
CONFIG: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: Final[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
README: Final = (DEPLOY / "README.md").read_text("utf-8")
NAME: Final = re.compile(r"\b(?:thidua|process)_[a-z0-9_]+\b|\bup\b")
LABEL: Final = re.compile(
    r"\b([a-z]+)\s*(?:=|!=|=~)\s*\"|\b(?:by|on)\s*\(([^)]*)\)|{{\s*\$?(?:labels\.)?([a-z]+)\s*}}"
)


def registries() -> list[Metrics]:
    door, reporting = DoorMetrics(), ReportingMetrics()
    door.watch_disk({"evidence": Path()})
    door.watch_evidence(lambda: False, lambda: 0)
    reporting.watch_disk({"archive": Path()})
    return [door, DecidingMetrics(), reporting, WebMetrics()]


def shown() -> set[str]:
    """Every name that a page of ``/metrics`` can have."""
    names = {"up"}
    for metrics in registries():
        for family in metrics.registry.collect():
            suffixes = {
                "counter": ["_total"],
                "histogram": ["_bucket", "_count", "_sum"],
            }.get(family.type, [""])
            names |= {family.name + suffix for suffix in suffixes}
    return names


EXPRESSIONS: Final = [(rule["alert"], rule["expr"]) for rule in RULES] + [
    (f"panel {panel['title']}", target["expr"])
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
]


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_every_figure_that_an_alarm_or_a_panel_reads_is_one_that_a_process_shows(
    where: str, expression: str
) -> None:
    assert NAME.findall(expression)
    assert set(NAME.findall(expression)) <= shown()
    assert expression.count("(") == expression.count(")")


def test_every_label_that_is_read_exists() -> None:
    known = {"job", "process", "le", "value"}
    for metrics in registries():
        for collector in metrics.registry._collector_to_names:
            known |= set(getattr(collector, "_labelnames", ()))
    texts = [expression for _, expression in EXPRESSIONS]
    texts += [rule["annotations"]["summary"] for rule in RULES]
    texts += [
        target["legendFormat"] for panel in DASHBOARD["panels"] for target in panel["targets"]
    ]
    for text in texts:
        for found in LABEL.findall(text):
            read = {name for part in found for name in re.findall(r"[a-z]+", part)}
            assert read <= known, text


def test_what_a_process_counts_of_its_own_stands_on_the_dashboard_or_raises_an_alarm() -> None:
    read = {name for _, expression in EXPRESSIONS for name in NAME.findall(expression)}
    ours = {name for name in shown() if name.startswith("thidua_")}
    silent = {name for name in ours - read if not name.endswith(("_count", "_sum"))}
    assert silent == set()


def test_every_process_of_ours_is_measured_under_its_name() -> None:
    [job] = CONFIG["scrape_configs"]
    told = {one["labels"]["process"]: one["targets"] for one in job["static_configs"]}
    assert told == {name: [f"{name}:8000"] for name in ASKED}
    assert CONFIG["rule_files"] == ["rules.yml"]


def test_an_alarm_has_a_name_of_its_own_an_urgency_and_words() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    for rule in RULES:
        assert rule["labels"]["urgency"] in ("now", "today")
        assert " / " in rule["annotations"]["summary"] or "Redis" in rule["annotations"]["summary"]


def test_the_manual_says_what_to_do_about_every_alarm_and_of_none_that_is_gone() -> None:
    table = README.partition("| cảnh báo / alarm |")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([A-Za-z]+)` \|", table, re.MULTILINE) == [
        rule["alert"] for rule in RULES
    ]


def test_the_panels_of_the_dashboard_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_screen_asks_every_process_where_it_listens_when_nothing_else_is_said() -> None:
    assert {name: PORTS[name] for name in ASKED} == ASKED_ON
    assert PORTS["web"] == PORTS["reporting"]
    assert set(ASKED) == (PROCESSES | APART).keys() - {"reporting"}
