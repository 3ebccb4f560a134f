"""Units and their history: names through time, predecessors and successors, memberships, delegates."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from services.reporting.columns import document, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Rows

authorities = read_model(
    "authorities", text("authority", key=True), text("name_vi"), text("name_en"), position()
)
clusters = read_model(
    "clusters",
    text("authority", key=True),
    text("cluster", key=True),
    text("name_vi"),
    text("name_en"),
    text("valid_from"),
    text("basis"),
    position(),
)
units = read_model(
    "units",
    text("unit", key=True),
    text("authority"),
    text("kind"),
    text("province"),
    text("valid_from"),
    text("ended"),
    document("into"),
    document("predecessors"),
    position(),
)
unit_names = read_model(
    "unit_names",
    text("unit", key=True),
    text("valid_from", key=True),
    text("name_vi"),
    text("short_vi"),
    text("name_en"),
    text("basis"),
    position(),
)
unit_changes = read_model(
    "unit_changes",
    text("unit", key=True),
    position(key=True),
    text("change"),
    text("on"),
    text("basis"),
    document("others"),
)
memberships = read_model(
    "memberships",
    text("authority", key=True),
    text("cluster", key=True),
    text("unit", key=True),
    text("valid_from", key=True),
    text("last_day"),
    text("basis"),
    position(),
)
delegates = read_model(
    "delegates",
    text("unit", key=True),
    text("delegate", key=True),
    text("role_vi"),
    text("commitment"),
    text("valid_from"),
    text("valid_to"),
    position(),
    position("erased_at"),
)

UNITS = Projection(
    "units",
    2,
    authorities,
    clusters,
    units,
    unit_names,
    unit_changes,
    memberships,
    delegates,
)


@UNITS.on(u.AuthorityEstablished)
def _established(entry: ProjectedEntry, data: u.AuthorityEstablished, rows: Rows) -> None:
    rows.put(
        authorities,
        authority=data.authority,
        name_vi=data.name_vi,
        name_en=data.name_en,
        position=entry.position,
    )


@UNITS.on(u.ClusterFormed)
def _formed(entry: ProjectedEntry, data: u.ClusterFormed, rows: Rows) -> None:
    rows.put(
        clusters,
        authority=entry.subject,
        cluster=data.cluster,
        name_vi=data.name_vi,
        name_en=data.name_en,
        valid_from=as_text(data.valid_from),
        basis=data.basis,
        position=entry.position,
    )


@UNITS.on(u.UnitRegistered)
def _registered(entry: ProjectedEntry, data: u.UnitRegistered, rows: Rows) -> None:
    rows.put(
        units,
        unit=data.unit,
        authority=entry.subject,
        kind=data.kind,
        province=data.province,
        valid_from=as_text(data.valid_from),
        into=[],
        predecessors=[],
        position=entry.position,
    )
    _name(entry, data, rows)
    _change(entry, rows, data.unit, "registered", data.valid_from, data.basis)


@UNITS.on(u.UnitRenamed)
def _renamed(entry: ProjectedEntry, data: u.UnitRenamed, rows: Rows) -> None:
    _name(entry, data, rows)
    _change(entry, rows, data.unit, "renamed", data.valid_from, data.basis)


@UNITS.on(u.UnitMerged)
def _merged(entry: ProjectedEntry, data: u.UnitMerged, rows: Rows) -> None:
    for code in data.units:
        rows.change(units, code, ended=as_text(data.on), into=[data.into])
        _change(entry, rows, code, "merged", data.on, data.basis, (data.into,))
    _inherit(rows, data.into, data.units)
    _change(entry, rows, data.into, "took-over", data.on, data.basis, data.units)


@UNITS.on(u.UnitSplit)
def _split(entry: ProjectedEntry, data: u.UnitSplit, rows: Rows) -> None:
    parent: dict[str, Any] = {"into": list(data.into)}
    if not data.continues:
        parent["ended"] = as_text(data.on)
    rows.change(units, data.unit, **parent)
    _change(entry, rows, data.unit, "split", data.on, data.basis, data.into)
    for code in data.into:
        _inherit(rows, code, (data.unit,))
        _change(entry, rows, code, "split-from", data.on, data.basis, (data.unit,))


@UNITS.on(u.UnitDissolved)
def _dissolved(entry: ProjectedEntry, data: u.UnitDissolved, rows: Rows) -> None:
    into = [data.receiving] if data.receiving else []
    rows.change(units, data.unit, ended=as_text(data.on), into=into)
    _change(entry, rows, data.unit, "dissolved", data.on, data.basis, tuple(into))


@UNITS.on(u.MembershipStarted)
def _joined(entry: ProjectedEntry, data: u.MembershipStarted, rows: Rows) -> None:
    rows.put(
        memberships,
        authority=entry.subject,
        cluster=data.cluster,
        unit=data.unit,
        valid_from=as_text(data.valid_from),
        basis=data.basis,
        position=entry.position,
    )


@UNITS.on(u.MembershipEnded)
def _left(entry: ProjectedEntry, data: u.MembershipEnded, rows: Rows) -> None:
    open_ones = rows.where(
        memberships, authority=entry.subject, cluster=data.cluster, unit=data.unit, last_day=None
    )
    for row in open_ones:
        rows.put(memberships, **{**row, "last_day": as_text(data.last_day)})


@UNITS.on(u.DelegateAppointed)
def _appointed(entry: ProjectedEntry, data: u.DelegateAppointed, rows: Rows) -> None:
    rows.put(
        delegates,
        unit=data.unit,
        delegate=data.delegate,
        role_vi=data.role_vi,
        commitment=data.commitment,
        valid_from=as_text(data.valid_from),
        valid_to=as_text(data.valid_to),
        position=entry.position,
    )


@UNITS.on(u.PersonalDataErased)
def _erased(entry: ProjectedEntry, data: u.PersonalDataErased, rows: Rows) -> None:
    if data.cycle is not None:
        return
    for row in rows.where(delegates, unit=data.unit, commitment=data.commitment):
        rows.put(delegates, **{**row, "erased_at": entry.position})


def _name(entry: ProjectedEntry, data: u.UnitRegistered | u.UnitRenamed, rows: Rows) -> None:
    rows.put(
        unit_names,
        unit=data.unit,
        valid_from=as_text(data.valid_from),
        name_vi=data.name_vi,
        short_vi=data.short_vi,
        name_en=data.name_en,
        basis=data.basis,
        position=entry.position,
    )


def _inherit(rows: Rows, heir: str, from_units: tuple[str, ...]) -> None:
    row = rows.get(units, heir)
    before = list(row["predecessors"] or []) if row else []
    rows.change(units, heir, predecessors=[*before, *from_units])


def _change(
    entry: ProjectedEntry,
    rows: Rows,
    unit: str,
    change: str,
    on: date,
    basis: str,
    others: tuple[str, ...] = (),
) -> None:
    rows.put(
        unit_changes,
        unit=unit,
        position=entry.position,
        change=change,
        on=as_text(on),
        basis=basis,
        others=list(others),
    )
