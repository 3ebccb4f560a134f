"""Pages out of templates: every page says how far the log is followed, and whether it is a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.reporting.projections.timeline import newest_moment
from services.reporting.web.speech import CYCLE_PAGES, Speech
from thidua.clock import format_instant

if TYPE_CHECKING:
    from services.reporting.reading import Reading


class Renderer:
    """The templates of one site."""

    def __init__(self, *, sandbox: bool) -> None:
        self.sandbox = sandbox
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
        }
        speech = Speech(language, read, cycle)
        return self._made(
            template, speech, path, 200, followed=followed, cycle=cycle, source=source, **given
        )

    def fault(self, path: str, document: dict[str, Any]) -> HTMLResponse:
        """A problem document as a page."""
        english = path == "/en" or path.startswith("/en/")
        speech = Speech("en" if english else "vi")
        return self._made("fault.html", speech, "/", document["status"], problem=document)

    def _made(
        self, template: str, speech: Speech, path: str, status: int, **given: Any
    ) -> HTMLResponse:
        common = {"followed": None, "cycle": None, "source": None}
        html = self._templates.get_template(template).render(
            {
                **common,
                "s": speech,
                "t": speech.t,
                "path": path,
                "sandbox": self.sandbox,
                "cycle_pages": CYCLE_PAGES,
                **given,
            }
        )
        return HTMLResponse(html, status)
