"""The pages over HTTP, without a browser: who may see what, headers, escaping, ranges, filters."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import httpx
import openpyxl
import pytest

from speechsvc.dashboard.filters import Period
from speechsvc.dashboard.routes import make_ticket
from speechsvc.dashboard.session import local_target
from speechsvc.dashboard.show import pieces
from speechsvc.dashboard.talk_panel import bars, lanes
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import CallMetadata, CallStatus, Customer, Source
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.errors import Unauthenticated
from speechsvc.reporting.heatmap_scale import colour
from speechsvc.services.manage_keys import create_key
from speechsvc.services.receive_text import receive_text
from speechsvc.services.run_next import run_next
from tests.browser.site import CUSTOMERS, Site

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def guest(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, trust_env=False, timeout=30) as client:
        yield client


@contextmanager
def signed_in(site: Site, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, trust_env=False, timeout=30) as client:
        assert client.post("/login", data={"key": site.keys.get(key, key)}).status_code == 303
        yield client


def pages_of(site: Site) -> list[str]:
    return ["/", "/calls", "/mentions", f"/calls/{site.calls[0]}", "/?lang=en", "/?measure=seconds&row=week"]


def test_everything_but_login_and_static_files_needs_a_session(guest: httpx.Client, site: Site) -> None:
    for path in [*pages_of(site), "/heatmap.csv", "/heatmap.png", "/heatmap.xlsx", f"/calls/{site.calls[0]}/audio"]:
        answer = guest.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login"), path
        assert site.calls[0] not in answer.text
    assert guest.get("/login").status_code == 200
    assert guest.get("/static/app.css").status_code == 200


def test_static_serves_its_own_files_only(guest: httpx.Client) -> None:
    for path in ("/static/..%2froutes.py", "/static/%2e%2e/routes.py", "/static//etc/passwd", "/static/js"):
        assert guest.get(path).status_code == 404, path
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', guest.get("/login").text)
    assert linked
    for path in linked:
        answer = guest.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert guest.get("/static/fonts/NotoSansSC-subset.woff2").content[:4] == b"wOF2"


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(guest: httpx.Client, site: Site) -> None:
    answer = guest.post("/login", data={"key": site.keys["admin"], "next": "/calls"})
    cookie = answer.headers["set-cookie"].lower()
    assert answer.headers["location"] == "/calls"
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert site.keys["admin"].lower() not in cookie


def test_wrong_and_revoked_keys_are_refused(guest: httpx.Client, site: Site) -> None:
    for key in ("sk_wrong", "", site.keys["revoked"]):
        answer = guest.post("/login", data={"key": key})
        assert answer.status_code == 401
        assert "密钥无效" in answer.text
        assert "set-cookie" not in answer.headers


def test_revoking_a_key_ends_its_sessions(site: Site) -> None:
    system, tenant = site.application.system, site.application.settings.tenant
    key, holder = create_key(system, tenant_id=tenant, role=Role.QA)
    with signed_in(site, key) as client:
        assert client.get("/").status_code == 200
        system.revoke_key(tenant, holder.key_id)
        assert client.get("/").status_code == 303


def test_forged_cookies_are_worth_nothing(guest: httpx.Client, site: Site) -> None:
    with signed_in(site, "admin") as client:
        token = client.cookies["speechsvc_session"]
    ticket = make_ticket(site.application, site.keys["admin"])
    for forged in (token[:-3] + "abc", ticket, "x", ""):  # a ticket is no session
        guest.cookies.set("speechsvc_session", forged)
        assert guest.get("/").status_code == 303


def test_a_ticket_signs_in_once(guest: httpx.Client, site: Site) -> None:
    ticket = make_ticket(site.application, site.keys["admin"])
    assert guest.get(f"/login?ticket={ticket}").headers["location"] == "/"
    assert guest.get("/").status_code == 200
    guest.cookies.clear()
    again = guest.get(f"/login?ticket={ticket}")
    assert again.status_code == 401
    assert "已失效" in again.text
    with pytest.raises(Unauthenticated):
        make_ticket(site.application, "sk_wrong")


def test_forms_from_other_sites_are_refused(guest: httpx.Client, site: Site) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = guest.post("/login", data={"key": site.keys["admin"]}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert guest.post("/login", data={"key": site.keys["admin"]}, headers={"Origin": site.url}).status_code == 303


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil", "", None, "evil", "/a\r\nSet-Cookie: x"]
)
def test_signing_in_never_leads_elsewhere(target: str | None) -> None:
    assert local_target(target) == "/"


def test_signing_out_ends_the_session(site: Site) -> None:
    with signed_in(site, "admin") as client:
        client.post("/logout")
        assert client.get("/").status_code == 303


def test_pages_carry_a_strict_policy_and_nothing_inline(site: Site) -> None:
    with signed_in(site, "admin") as client:
        for path in [*pages_of(site), "/login", "/calls/none"]:
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text), path
            assert answer.headers["cache-control"] == "no-store"


def test_personal_data_is_masked_on_every_page(site: Site) -> None:
    with signed_in(site, "admin") as client:
        page = client.get(f"/calls/{site.calls[0]}").text
        assert "我的手机号是" in page
        assert "138******78" in page
        for path in [*pages_of(site), f"/mentions?speaker=any&row=customer&key={CUSTOMERS[0].id}"]:
            assert "13812345678" not in client.get(path).text


def test_what_people_type_is_never_markup(site: Site) -> None:
    core, tenant = site.application.core, site.application.settings.tenant
    admin = Principal(tenant_id=tenant, key_id="seed", role=Role.ADMIN)
    turns = [
        Turn(speaker=Speaker.AGENT, start=0, end=4, text=f"您好，预算审批{EVIL}走到哪一步了？"),
        Turn(speaker=Speaker.CUSTOMER, start=4, end=9, text=f"{EVIL}预算审批还要老板签字，价格也要再谈一谈。"),
    ]
    metadata = CallMetadata(
        external_id="evil", started_at=datetime(2026, 1, 5, tzinfo=UTC), customer=Customer(id="e", name=EVIL)
    )
    call = receive_text(core, admin, metadata, Source.TRANSCRIPT, turns).call
    while run_next(core, "text"):
        pass
    try:
        with signed_in(site, "admin") as client:
            mentions = client.get("/mentions?row=customer&key=e").text
            pages = [mentions, client.get("/").text, client.get("/calls").text, client.get(f"/calls/{call.id}").text]
        assert "&lt;script&gt;alert(1)" in mentions
        assert "<mark" in mentions
        assert all("<script>alert" not in page for page in pages)
    finally:
        with core.db.tenant(tenant) as uow:
            uow.calls.erase(call.id)
            uow.commit()


def test_a_manager_sees_own_teams_only(site: Site) -> None:
    own, other = site.calls[1], site.calls[0]
    with signed_in(site, "manager") as client:
        assert "陈经理" in client.get("/").text
        teams = client.get("/?row=team").text
        assert "华东二组" in teams
        assert "华东一组" not in teams
        assert client.get(f"/calls/{own}").status_code == 200
        assert client.get(f"/calls/{other}").status_code == 404
        assert client.get(f"/calls/{other}/audio").status_code == 404
        assert "王芳" not in client.get("/mentions?topic=pricing_discount").text


def test_a_salesperson_sees_own_calls_and_no_heatmap(site: Site) -> None:
    with signed_in(site, "salesperson") as client:
        assert client.get("/").headers["location"] == "/calls"
        assert client.get("/heatmap.csv").status_code == 403
        listed = client.get("/calls").text
        assert site.calls[0] in listed
        assert site.calls[1] not in listed


def test_an_uploader_sees_progress_but_no_content(site: Site) -> None:
    with signed_in(site, "uploader") as client:
        assert site.calls[0] in client.get("/calls").text
        page = client.get(f"/calls/{site.calls[0]}")
        assert page.status_code == 200
        assert "预算审批" not in page.text
        assert client.get(f"/calls/{site.calls[0]}/audio").status_code == 403
        assert client.get("/mentions").status_code == 403


def test_a_call_in_work_tells_percentage_and_expected_finish(site: Site) -> None:
    tenant, core = site.application.settings.tenant, site.application.core
    with core.db.tenant(tenant) as uow:
        before = uow.calls.get(site.calls[0])
        expected = datetime(2026, 11, 28, 6, 7, tzinfo=UTC)
        uow.calls.update(before.id, status=CallStatus.TRANSCRIBING, progress=0.42, expected_at=expected)
        uow.commit()
    try:
        with signed_in(site, "admin") as client:
            for address in (f"/calls/{before.id}", "/calls"):
                page = client.get(address).text
                assert "42%" in page
                assert f'<time datetime="{expected.isoformat()}">' in page
    finally:
        with core.db.tenant(tenant) as uow:
            uow.calls.update(before.id, status=before.status, progress=before.progress, expected_at=None)
            uow.commit()


def test_audio_in_ranges(site: Site) -> None:
    with signed_in(site, "admin") as client:
        address = f"/calls/{site.calls[0]}/audio"
        whole = client.get(address)
        size = len(whole.content)
        assert whole.status_code == 200
        assert whole.headers["content-type"] == "audio/wav"
        for header, start, end in (
            ("bytes=0-", 0, size),
            ("bytes=100-199", 100, 200),
            (f"bytes={size - 5}-{size + 99}", size - 5, size),
            ("bytes=-10", size - 10, size),
        ):
            part = client.get(address, headers={"Range": header})
            assert part.status_code == 206
            assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
            assert part.content == whole.content[start:end]
        assert client.get(address, headers={"Range": f"bytes={size}-"}).status_code == 416
        for ignored in ("bytes=-", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5"):
            assert client.get(address, headers={"Range": ignored}).status_code == 200


def test_exports_hold_what_the_page_shows(site: Site) -> None:
    with signed_in(site, "admin") as client:
        table = list(csv.reader(io.StringIO(client.get("/heatmap.csv?row=salesperson").text.lstrip("\ufeff"))))
        assert {line[0] for line in table[1:]} == {"王芳", "李赟"}
        assert sum(int(line[2]) for line in table[1:]) == len(site.calls)
        book = client.get("/heatmap.xlsx?row=salesperson")
        rows = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0].iter_rows(min_row=2, max_col=1)
        assert {row[0].value for row in rows} == {"王芳", "李赟"}
        picture = client.get("/heatmap.png?row=salesperson")
        assert picture.content.startswith(b"\x89PNG")
        assert "filename*=UTF-8''" in picture.headers["content-disposition"]


def test_each_cell_agrees_with_its_sentences(site: Site) -> None:
    with signed_in(site, "admin") as client:
        cells = re.findall(r'<a href="(/mentions[^"]+)" aria-label="([^"]+)"', client.get("/").text)
        assert len(cells) > 5
        for address, label in cells:
            counted = int(re.search(r"通中有 (\d+) 通", label)[1])  # type: ignore[index]
            page = client.get(address.replace("&amp;", "&")).text
            assert len(set(re.findall(r'data-play="([^"]+)"', page))) == counted, label


def test_filters_and_their_errors_are_plain(site: Site) -> None:
    with signed_in(site, "admin") as client:
        empty = client.get("/?from=2001-01-01&to=2001-01-31")
        assert "还没有有效通话" in empty.text
        for path in ("/?row=x", "/?from=x", "/?from=2026-02-01&to=2026-01-01", "/calls?status=x", "/calls?score=7"):
            answer = client.get(path)
            assert answer.status_code == 422, path
            assert "invalid_input" in answer.text
        assert site.calls[0] not in client.get("/calls?status=failed").text
        assert site.calls[0] in client.get("/calls?status=done&contact=effective").text


def test_language_is_remembered(site: Site) -> None:
    with signed_in(site, "admin") as client:
        assert 'lang="zh-CN"' in client.get("/").text
        assert "Customer focus heatmap" in client.get("/?lang=en").text
        assert "Customer focus heatmap" in client.get("/").text
        assert "There is no call" in client.get("/calls/none").text
        assert "没有这个编号的通话" in client.get("/calls/none?lang=zh").text


def test_days_are_whole_days_of_the_tenant() -> None:
    since, until = Period(first=date(2026, 11, 1), last=date(2026, 11, 30)).bounds("Asia/Shanghai")
    assert since is not None
    assert until is not None
    assert since.isoformat() == "2026-11-01T00:00:00+08:00"
    assert until.isoformat() == "2026-12-01T00:00:00+08:00"


def mention(start: int, end: int, polarity: Polarity = Polarity.AFFIRMED) -> Mention:
    return Mention(
        topic="t",
        turn=0,
        speaker=Speaker.CUSTOMER,
        polarity=polarity,
        text="",
        start_char=start,
        end_char=end,
        start=0,
        end=1,
        entry="e",
        match=MatchKind.EXACT,
        reason="r",
    )


@pytest.mark.parametrize("spans", [[], [(0, 2)], [(0, 3), (2, 5)], [(1, 4), (2, 3)], [(3, 99)], [(2, 2)], [(0, 6)]])
def test_pieces_lose_no_character(spans: list[tuple[int, int]]) -> None:
    sentence = "预算😀审批了"
    found = pieces(sentence, [mention(a, b) for a, b in spans])
    assert "".join(p.text for p in found) == sentence
    covered = {i for a, b in spans for i in range(a, min(b, len(sentence)))}
    assert sum(len(p.text) for p in found if p.mentions) == len(covered)


def test_negated_only_where_every_mention_is() -> None:
    both = pieces("预算", [mention(0, 2, Polarity.NEGATED), mention(0, 2)])
    assert not both[0].negated
    assert pieces("预算", [mention(0, 2, Polarity.NEGATED)])[0].negated


def test_page_colours_are_the_pictures_colours(guest: httpx.Client) -> None:
    style = guest.get("/static/heat.css").text.split("@media")[0]
    for level in range(21):
        assert f".h{level} {{ background: {colour(level / 20)};" in style


def test_an_unknown_address_is_a_page_for_people_and_a_document_for_programs(site: Site) -> None:
    with signed_in(site, "admin") as client:
        page = client.get("/no-such-page", headers={"Accept": "text/html", "Accept-Language": "zh"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "没有" in page.text
        document = client.get("/v1/no-such-thing", headers={"Accept": "text/html"})
        assert (document.status_code, document.json()["code"]) == (404, "route_not_found")
        assert client.get("/no-such-page").json()["code"] == "route_not_found"


def test_call_page_draws_who_spoke_when_and_says_how(site: Site) -> None:
    with signed_in(site, "admin") as admin:
        for language, names in (
            ("zh", ("打断对方", "语速（音节/秒）")),
            ("en", ("Interruptions", "Syllables a second")),
        ):
            page = admin.get(f"/calls/{site.calls[0]}", params={"lang": language}).text
            assert page.count('class="lane"') == 2
            assert all(name in page for name in names)
    transcript = site.application.core.db.tenant(site.application.settings.tenant, write=False)
    with transcript as uow:
        stored = uow.transcripts.get(site.calls[0])
    assert stored is not None
    drawn = lanes(stored)
    assert [lane.speaker for lane in drawn] == ["agent", "customer"]
    for bar in (b for lane in drawn for b in lane.bars):
        assert 0 <= bar.x <= bar.x + bar.width <= 100.01


def test_bars_of_a_long_call_stay_few_and_short_answers_stay_visible() -> None:
    spans = [(n * 2.0, n * 2.0 + 0.4) for n in range(7200)]  # four hours of 嗯
    drawn = bars("agent", spans, 14_400.0)
    assert len(drawn) <= 600
    (alone,) = bars("customer", [(100.0, 100.2)], 14_400.0)
    assert alone.width >= 0.3
    assert (alone.start, alone.end) == (100.0, 100.2)
