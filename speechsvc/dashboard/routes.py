"""All pages of the dashboard, ready to be included in the web application."""

from __future__ import annotations

from fastapi import APIRouter

from speechsvc.dashboard import (
    audio_page,
    call_page,
    calls_page,
    followup_page,
    followups_page,
    heatmap_page,
    login_page,
    mentions_page,
    performance_page,
    statics,
    touch_page,
)
from speechsvc.dashboard.application import Application
from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.page_route import PageRoute
from speechsvc.dashboard.session import Sessions


def router(application: Application) -> APIRouter:
    """Routes from `/` on that are not in the API's document. Connects and loads nothing by itself."""
    pages = APIRouter(route_class=PageRoute, include_in_schema=False)
    desk = Desk(application=application, sessions=Sessions(application))
    reports = (heatmap_page, mentions_page, followups_page, followup_page, performance_page, touch_page)
    for module in (statics, login_page, *reports, calls_page, call_page, audio_page):
        module.add(pages, desk)
    return pages


def make_ticket(application: Application, key: str) -> str:
    """For `/login?ticket=`: signs in once, within five minutes. Raises Unauthenticated for a key that is not valid."""
    return Sessions(application).ticket(key)
