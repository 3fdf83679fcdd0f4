"""What every page's handler shares: the application, its sessions, and the visitor of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse

from speechsvc.dashboard.application import Application
from speechsvc.dashboard.language import language_of
from speechsvc.dashboard.pages import Visitor, render
from speechsvc.dashboard.session import Sessions
from speechsvc.services.core import Core


@dataclass(frozen=True, kw_only=True)
class Desk:
    application: Application
    sessions: Sessions

    @property
    def core(self) -> Core:
        return self.application.core

    def visitor(self, request: Request) -> Visitor:
        """Raises LoginNeeded."""
        principal = self.sessions.principal(request)
        timezone = self.core.system.tenant(principal.tenant_id).timezone
        return Visitor(request=request, principal=principal, language=language_of(request), timezone=timezone)

    def today(self, visitor: Visitor) -> date:
        return self.core.clock.now().astimezone(ZoneInfo(visitor.timezone)).date()

    def topics(self, visitor: Visitor) -> dict[str, str]:
        """Topic names by id, in the order and language of the visitor's lexicon and page."""
        known = self.core.topics(visitor.principal.tenant_id)
        return {t: en if visitor.language == "en" else zh for t, zh, en in known}

    def page(self, visitor: Visitor, template: str, **values: Any) -> HTMLResponse:
        return render(visitor.request, template, principal=visitor.principal, timezone=visitor.timezone, **values)
