"""Pages out of templates: every page says how far the log is followed, and whether it is a sandbox."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.reporting.projections.timeline import newest_moment
from services.reporting.web.speech import CYCLE_PAGES, Speech
from thidua.clock import format_instant
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from services.reporting.reading import Reading
    from thidua.tlog.notes import Checkpoint

_LINK: Final = re.compile(r'href="(/(?!static/|archive/|v1/openapi)[^"#]*)')


class Renderer:
    """The templates of one site."""

    def __init__(self, archive: SealedLog, *, sandbox: bool, voting_page: str = "") -> None:
        self.sandbox = sandbox
        self._voting_page = voting_page
        self._archive = archive
        self._templates = Environment(
            loader=PackageLoader("services.reporting.web"),
            autoescape=True,
            undefined=StrictUndefined,
            lstrip_blocks=True,
        )

    def page(
        self,
        template: str,
        language: str,
        path: str,
        read: Reading,
        *,
        cycle: str | None = None,
        source: str | None = None,
        **given: Any,
    ) -> HTMLResponse:
        """
        A page in ``vi`` or ``en``; *path* is its address in Vietnamese.

        *cycle* is the year it belongs to, *source* the address of the same data as JSON.
        """
        moment = newest_moment(read)
        followed = {
            "position": read.position,
            "moment": format_instant(moment) if moment else None,
            "is_earlier": read.is_earlier,
        }
        common = {"followed": followed, "cycle": cycle, "source": source, "sealed": self._sealed()}
        html = self._made(template, Speech(language, read, cycle), path, **common, **given)
        return HTMLResponse(_kept(html, read.position) if read.is_earlier else html)

    def fault(self, path: str, document: dict[str, Any]) -> HTMLResponse:
        """A problem document as a page."""
        english = path == "/en" or path.startswith("/en/")
        speech = Speech("en" if english else "vi")
        html = self._made("fault.html", speech, "/", problem=document)
        return HTMLResponse(html, document["status"])

    def _sealed(self) -> Checkpoint | None:
        """The newest checkpoint for the foot of the page; a page is none the worse without it."""
        with suppress(ArchiveFaultError, ArchiveUnreadableError):
            return self._archive.checkpoint()
        return None

    def _made(self, template: str, speech: Speech, path: str, **given: Any) -> str:
        common = {"followed": None, "cycle": None, "source": None, "sealed": None}
        return self._templates.get_template(template).render(
            {
                **common,
                "s": speech,
                "t": speech.t,
                "path": path,
                "sandbox": self.sandbox,
                "voting_page": self._voting_page,
                "cycle_pages": CYCLE_PAGES,
                **given,
            }
        )


def _kept(html: str, position: int) -> str:
    """The page with links that stay at the moment it shows."""

    def stays(match: re.Match[str]) -> str:
        path = match[1]
        if "as_of=" in path:
            return match[0]
        joint = "&amp;" if "?" in path else "?"
        return f'href="{path}{joint}as_of={position}'

    return _LINK.sub(stays, html)
