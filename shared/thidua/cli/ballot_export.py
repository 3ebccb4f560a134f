"""``thidua ballot export``: the ``.bel`` archive of a secret ballot, for every verifier, ours or another's."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from thidua.audit.held import hold
from thidua.audit.secret import archives_in
from thidua.audit.verifying import policy_in
from thidua.errors import RejectError
from thidua.log.entry import read_entry
from thidua.tlog.writing import write_whole


class NoElectionError(RejectError):
    """The archive tells of no secret ballot of that name that was opened."""

    def __init__(self, election: str, known: list[str]) -> None:
        told = ", ".join(known) or "–"
        super().__init__(
            f"{election}: không có phiếu kín đã mở / no secret ballot that was opened; có / there are: {told}"
        )

    def diagnostics(self) -> str:
        """Say how a ballot is named."""
        return "Ghi đủ năm thi đua và mã phiếu / give cycle and ballot: BVHTTDL/BGPB/2020/phieu-1"


def export(
    election: Annotated[
        str, typer.Argument(help="Cycle and ballot: BVHTTDL/BGPB/2020/phieu-1.", show_default=False)
    ],
    folder: Annotated[
        Path,
        typer.Argument(help="The archive's folder, as copied or exported.", show_default=False),
    ],
    policy: Annotated[Path, typer.Option(help="Policy file got on another way.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default <ballot>.bel here.")
    ] = None,
) -> None:
    """
    Xuất hòm phiếu kín để ai cũng kiểm lại được. / Export a secret ballot for `belenios-tool election verify`.

    The same bytes from every copy of the log; an earlier export is the beginning of a later one.
    """
    held = hold(folder, policy_in(policy, folder))
    archives = archives_in(read_entry(position, raw) for position, raw in held.entries())
    subject, _, name = election.rpartition("/")
    found = archives.get(subject, name)
    if found is None or not found.bel:
        opened = [f"{one.subject}/{one.ballot}" for one in archives if one.bel]
        raise NoElectionError(election, opened)
    path = out or Path(f"{name}.bel")
    write_whole(path, found.bel)
    digest = sha256(found.bel).hexdigest()
    typer.echo(f"{path}: {len(found.bel)} byte / bytes, sha256 {digest}")
