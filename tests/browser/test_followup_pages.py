"""Pages of follow-ups, performance and touch health: what they show, to whom, and the forms of appeal and decision."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import openpyxl
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from speechsvc.dashboard.followups_page import week_of
from speechsvc.domain.followup import FollowupState
from speechsvc.errors import InvalidInput
from tests.browser.conftest import resize
from tests.browser.site import Site
from tests.browser.test_in_browser import click, complaints, one, screenshot, sign_in, until
from tests.browser.test_pages import EVIL, signed_in

PAGES = ("/followups", "/performance?from=", "/touch-health", "/touch-health/leads")


def state_of(site: Site, external_id: str) -> FollowupState:
    with site.application.core.db.tenant(site.application.settings.tenant, write=False) as uow:
        return uow.followups.get(external_id).state


@pytest.fixture
def settled(site: Site) -> Iterator[str]:
    """The first salesperson's settled follow-up, put back as it was."""
    name, core, tenant = site.followups[0], site.application.core, site.application.settings.tenant
    yield name
    with core.db.tenant(tenant) as uow:
        followup = uow.followups.get(name)
        uow.followups.update(followup.id, state=FollowupState.SETTLED, rulings=(), standing=followup.counts)
        uow.commit()


def page_of(site: Site, n: int = 0) -> str:
    return f"/followups/{quote(site.followups[n], safe='')}"


def test_all_need_a_session_and_the_right_to_read(site: Site) -> None:
    paths = [*PAGES, page_of(site), "/performance.csv", "/performance.xlsx", "/touch-health.csv"]
    with httpx.Client(base_url=site.url, trust_env=False, timeout=30) as guest:
        assert {guest.get(path).status_code for path in paths} == {303}
        assert guest.post(page_of(site), data={"action": "override", "reason": "xx", "total": "1"}).status_code == 303
    with signed_in(site, "uploader") as client:
        assert {client.get(path).status_code for path in paths} == {403}
        assert "/performance" not in client.get("/calls").text


def test_pages_carry_a_strict_policy_in_both_languages(site: Site) -> None:
    with signed_in(site, "admin") as client:
        for path in (*PAGES, page_of(site)):
            for lang in ("zh", "en"):
                answer = client.get(path, params={"lang": lang} | dict(httpx.URL(path).params))
                assert answer.status_code == 200, answer.text
                assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text), path
                assert "unsafe" not in answer.headers["content-security-policy"]


def test_the_list_filters(site: Site) -> None:
    with signed_in(site, "admin") as client:
        assert all(page_of(site, n) in client.get("/followups").text for n in range(len(site.followups)))
        settled = client.get("/followups?state=settled").text
        assert page_of(site, 0) in settled
        assert page_of(site, 2) not in settled
        own = client.get("/followups?salesperson=s-2").text
        assert page_of(site, 1) in own
        assert page_of(site, 0) not in own
        both = [client.get(f"/followups?counts={x}").text for x in ("yes", "no")]
        assert [sum(page_of(site, n) in text for text in both) for n in range(6)] == [1] * 6
        assert "没有符合条件的跟进" in client.get("/followups?week=2001-W05").text
        for bad in ("state=x", "counts=x", "week=x", "week=2026-W60", "week=0000-W01", "from=x"):
            answer = client.get(f"/followups?{bad}")
            assert answer.status_code == 422, bad
            assert "invalid_input" in answer.text


def test_weeks_begin_on_monday() -> None:
    days = week_of("2026-W48")
    assert (str(days.first), str(days.last)) == ("2026-11-23", "2026-11-29")
    with pytest.raises(InvalidInput):
        week_of("48")


def test_the_page_explains_every_point_to_the_second(site: Site) -> None:
    with signed_in(site, "admin") as client:
        page = client.get(page_of(site)).text
        points = [int(p) for p in re.findall(r'class="points">(\d+)<small>', page)]
        total = int(re.search(r'class="big \w+">(\d+)<', page)[1])  # type: ignore[index]
        assert 0 < total <= sum(points)
        assert f'href="/calls/{site.calls[0]}#t=' in page
        assert "未评项" in page
        assert "13812345678" not in page
        assert client.get("/followups/none").status_code == 404
        assert "没有这个编号的跟进" in client.get("/followups/none").text


def test_everybody_sees_only_their_own(site: Site) -> None:
    with signed_in(site, "manager") as client:
        assert client.get(page_of(site, 1)).status_code == 200
        assert client.get(page_of(site, 0)).status_code == 404
        report = client.get("/performance?from=").text
        assert "李赟" in report
        assert "王芳" not in report
        assert "王芳" not in client.get("/followups").text
        assert "lead-1" not in client.get("/touch-health/leads").text
        assert "lead-2" in client.get("/touch-health/leads").text
    with signed_in(site, "salesperson") as client:
        assert client.get(page_of(site, 0)).status_code == 200
        assert client.get(page_of(site, 1)).status_code == 404
        assert "李赟" not in client.get("/performance?from=").text


def test_an_appeal_and_its_decision_through_forms(site: Site, settled: str) -> None:
    address = page_of(site, 0)
    origin = {"Origin": site.url}
    with signed_in(site, "salesperson") as seller:
        assert 'value="appeal"' in seller.get(address).text
        assert 'value="override"' not in seller.get(address).text
        elsewhere = {"Origin": "https://evil.example"}
        wish = {"action": "appeal", "reason": f"客户当面确认{EVIL}"}
        assert seller.post(address, data=wish, headers=elsewhere).status_code == 403
        assert seller.post(address, data=wish | {"reason": " "}, headers=origin).status_code == 422
        assert state_of(site, settled) is FollowupState.SETTLED
        assert seller.post(address, data=wish, headers=origin).status_code == 303
        assert state_of(site, settled) is FollowupState.APPEALED
        page = seller.get(address).text
        assert "&lt;script&gt;alert(1)" in page
        assert EVIL not in page
        assert 'name="action"' not in page  # neither again nor against oneself
        decided = {"action": "uphold", "reason": "自己维持", "appeal_id": "x"}
        assert seller.post(address, data=decided, headers=origin).status_code == 403
    with signed_in(site, "manager") as other:  # of another team
        assert other.post(address, data={"action": "override", "reason": "xx", "total": "1"}).status_code == 404
    with signed_in(site, "admin") as chief:
        appeal_id = re.search(r'name="appeal_id" value="([^"]+)"', chief.get(address).text)[1]  # type: ignore[index]
        change = {"action": "change", "reason": "见面谈记录", "appeal_id": appeal_id}
        for total in ("", "101", "-1", "x", "１"):
            assert chief.post(address, data=change | {"total": total}, headers=origin).status_code == 422
        answer = chief.post(address, data=change | {"total": "17"}, headers=origin)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{address}#history")
        page = chief.get(address).text
        assert "裁定：改为 17" in page
        assert "由人裁定" in page
        assert chief.post(address, data=change | {"total": "18"}, headers=origin).status_code == 409
        assert chief.post(address, data={"action": "x", "reason": "xx"}, headers=origin).status_code == 422
    assert state_of(site, settled) is FollowupState.FINAL


def test_performance_counts_each_once_and_exports_the_same(site: Site) -> None:
    with signed_in(site, "admin") as client:
        page = client.get("/performance?from=").text
        numbers = re.findall(r"<strong>(\d+)</strong> 计入 · (\d+) 不计入 · (\d+) 待定", page)
        assert sum(int(n) for row in numbers for n in row) == len(site.followups)
        table = list(csv.DictReader(io.StringIO(client.get("/performance.csv?from=").content.decode("utf-8-sig"))))
        assert sorted(line["followup_id"] for line in table) == sorted(site.followups)
        sheet = openpyxl.load_workbook(io.BytesIO(client.get("/performance.xlsx?from=").content)).worksheets[0]
        rows = list(sheet.iter_rows(min_row=2, values_only=True))
        assert [r[3] for r in rows] == [line["followup_id"] for line in table]
        assert all(isinstance(r[5], int) for r in rows)
        assert client.get("/performance?row=x").status_code == 422
        assert "华东一组" in client.get("/performance?row=team&from=").text
        listed = re.findall(r'href="(/followups\?[^"]*counts=[^"]*)"', page)
        assert all(client.get(x.replace("&amp;", "&")).status_code == 200 for x in listed)


def test_every_cell_of_the_matrix_leads_to_its_leads(site: Site) -> None:
    with signed_in(site, "admin") as client:
        for by in ("all", "team", "salesperson"):
            matrix = client.get(f"/touch-health?by={by}").text
            cells = re.findall(r'href="(/touch-health/leads[^"]*)" aria-label="[^"]*: (\d+)"', matrix)
            assert len(cells) == 2
            for address, counted in cells:
                listed = client.get(address.replace("&amp;", "&")).text
                assert len(re.findall(r'<th scope="row">', listed)) == int(counted)
        assert f'href="/calls/{site.calls[2]}"' in client.get("/touch-health/leads?grade=A&touch=2h").text
        assert "lead-2" in client.get("/touch-health/leads?silent=72").text
        assert "lead-1" not in client.get("/touch-health/leads?silent=24").text
        assert "尚未触达" in client.get("/touch-health").text
        assert "没有线索" in client.get("/touch-health/leads?from=2001-01-01&to=2001-01-02").text
        for bad in ("touch=x", "silent=5"):
            assert client.get(f"/touch-health/leads?{bad}").status_code == 422
        assert client.get("/touch-health?by=x").status_code == 422
        assert "2-24小时" in client.get("/touch-health.csv").content.decode("utf-8-sig")


@pytest.mark.browser
def test_from_performance_to_the_second(visitor: Chrome, site: Site, tmp_path: Path) -> None:
    sign_in(visitor, site, path="/performance?from=")
    screenshot(visitor, tmp_path, "performance")
    click(visitor, one(visitor, "h2 a"))
    until(visitor, lambda: "/followups?" in visitor.current_url)
    screenshot(visitor, tmp_path, "followups")
    click(visitor, one(visitor, ".calls th a"))
    until(visitor, lambda: visitor.find_elements(By.CSS_SELECTOR, ".components"))
    screenshot(visitor, tmp_path, "followup")
    click(visitor, one(visitor, ".components .evidence a"))
    until(visitor, lambda: "/calls/" in visitor.current_url and "#t=" in visitor.current_url)
    until(visitor, lambda: visitor.find_elements(By.CSS_SELECTOR, ".chat li[aria-current]"))
    assert complaints(visitor) == []


@pytest.mark.browser
def test_a_salesperson_appeals_in_the_browser(visitor: Chrome, site: Site, settled: str) -> None:
    sign_in(visitor, site, "salesperson", page_of(site, 0))
    one(visitor, "#appeal-reason").send_keys("客户当面确认了预算")
    click(visitor, one(visitor, ".rule .primary"))
    until(visitor, lambda: "申诉中" in one(visitor, ".head .status").text)
    assert "客户当面确认了预算" in one(visitor, "#history").text
    assert complaints(visitor) == []


@pytest.mark.browser
def test_they_fit_a_phone(visitor: Chrome, site: Site, tmp_path: Path) -> None:
    sign_in(visitor, site)
    resize(visitor, 390, 844)
    for n, path in enumerate((*PAGES, page_of(site), "/performance?from=&lang=en", "/touch-health?by=team")):
        visitor.get(f"{site.url}{path}")
        assert visitor.execute_script("return document.documentElement.scrollWidth") <= 390, path
        screenshot(visitor, tmp_path, f"phone-{n}")
    assert complaints(visitor) == []
