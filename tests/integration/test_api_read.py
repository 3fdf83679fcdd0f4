"""Reading what was found: calls, transcript, mentions, score, sound, heatmap, feed, webhooks."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import openpyxl
import pytest

from speechsvc.config import Settings
from tests.fakes.api_service import HEARD, METADATA, PHONE, ApiService, running, wav

ORIGINAL = wav(30)
WHEN = "2026-11-23T14:05:00+08:00"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    folder = tmp_path_factory.mktemp("read")
    settings = Settings(_env_file=None, data_dir=folder, max_text_chars=2000, log_level="ERROR")
    with running(settings) as service:
        yield service


@pytest.fixture(scope="module")
def call_id(service: ApiService) -> str:
    """A call that went through speech and text stage."""
    call_id = str(service.upload(ORIGINAL).json()["id"])
    service.work()
    return call_id


@pytest.fixture
def admin(service: ApiService) -> Iterator[httpx.Client]:
    with service.client("admin") as client:
        yield client


def get(service: ApiService, path: str, key: str = "admin", **headers: str) -> httpx.Response:
    with service.client(key, **headers) as client:
        return client.get(path)


def test_the_calls_own_address_tells_how_they_talked_and_what_decided(service: ApiService, call_id: str) -> None:
    call = get(service, f"/v1/calls/{call_id}").json()
    talk, turns = call["talk"], get(service, f"/v1/calls/{call_id}/transcript").json()["segments"]
    sides = {side["speaker"]: side for side in talk["detail"]["sides"]}
    assert set(sides) == {"agent", "customer"}
    assert sides["agent"]["seconds"] == talk["agent"] > 0
    assert sides["agent"]["share"] + sides["customer"]["share"] == pytest.approx(1, abs=0.002)
    assert talk == get(service, f"/v1/calls/{call_id}/score").json()["talk"]
    for evidence in call["contact_evidence"]:
        assert turns[evidence["turn"]]["text"] in evidence["text"]
        assert evidence["start"] == turns[evidence["turn"]]["start"]
    assert call["contact_evidence"]
    listed = get(service, "/v1/calls").json()["calls"][0]
    assert (listed["talk"], listed["contact_evidence"]) == (None, None)
    uploader = get(service, f"/v1/calls/{call_id}", key="uploader").json()
    assert (uploader["talk"], uploader["contact_evidence"]) == (None, None)


def test_the_transcript_tells_where_speech_was_heard(service: ApiService, call_id: str) -> None:
    transcript = get(service, f"/v1/calls/{call_id}/transcript").json()
    assert transcript["speech"]
    assert all(set(i) == {"channel", "speaker", "start", "end"} for i in transcript["speech"])
    assert (transcript["sounds"], transcript["removed"]) == ([], [])


# --- calls ----------------------------------------------------------------------------------------------------------


def test_a_finished_call(service: ApiService, call_id: str) -> None:
    call = get(service, f"/v1/calls/{call_id}").json()
    assert (call["status"], call["contact"], call["progress"], call["queue_position"]) == (
        "done",
        "effective",
        1.0,
        None,
    )
    assert {"budget_approval", "pricing_discount"} <= set(call["topics"])
    assert 0 <= call["score"] <= 100
    assert call["sha256"] == hashlib.sha256(ORIGINAL).hexdigest()
    assert set(call["versions"]) == {"lexicon", "rubric", "engine", "transcript"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=done", True),
        ("status=failed", False),
        ("source=call", True),
        ("source=chat", False),
        ("external_id=pbx-1", True),
        ("external_id=pbx", False),
        ("salesperson_id=s-1", True),
        ("team=west", False),
        ("customer_id=c-1", True),
        ("topic=budget_approval", True),
        ("topic=competitor", False),
        ("contact=effective", True),
        ("contact=voicemail", False),
        ("score_from=0", True),
        ("score_below=1", False),
        ("from=2026-11-23", True),
        ("from=2026-11-24", False),
        ("to=2026-11-23", False),
        ("to=2026-11-24", True),
        ("from=2026-11-23T14:05:00%2B08:00", True),
        ("from=2026-11-23T14:05:00+08:00", True),
        ("from=2026-11-23T06:05:01Z", False),
        ("to=2026-11-23T06:05:00Z", False),
    ],
)
def test_filters(service: ApiService, call_id: str, query: str, found: bool) -> None:
    response = get(service, f"/v1/calls?{query}")
    assert response.status_code == 200
    assert (call_id in [c["id"] for c in response.json()["calls"]]) is found


@pytest.mark.parametrize(
    "query",
    [
        "status=finished", "limit=0", "limit=201", "limit=x", "from=yesterday", "from=2026-11-23T14:05:00",
        "to=2026-13-01",         "cursor=abc", "cursor=%F0%9F%98%80", "contact=maybe",
        "score_from=101", "topic=a%00b", "team=" + "x" * 201,
    ],
)  # fmt: skip
def test_bad_queries_name_the_field(service: ApiService, query: str) -> None:
    response = get(service, f"/v1/calls?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    expected = "query" if "%00" in query else query.split("=")[0]
    assert [e["field"] for e in response.json()["errors"]] == [expected]


def test_pages_cover_everything_once(service: ApiService, call_id: str) -> None:
    for n in range(5):
        service.upload(wav(0.1, seed=50 + n), external_id=f"page-{n}", salesperson={"id": "s-9", "team": "pages"})
    seen: list[str] = []
    page: dict[str, Any] = {"cursor": ""}
    while page["cursor"] is not None:
        page = get(service, f"/v1/calls?team=pages&limit=2&cursor={page['cursor']}").json()
        seen += [c["metadata"]["external_id"] for c in page["calls"]]
    assert seen == [f"page-{n}" for n in (4, 3, 2, 1, 0)]
    positions = [c["queue_position"] for c in (get(service, f"/v1/calls/{c['id']}").json() for c in page["calls"])]
    assert positions == [0]
    service.work()


def test_findings_of_an_unfinished_call_409(service: ApiService) -> None:
    call = service.upload(wav(0.1, seed=77), external_id="waits").json()
    for what in ("transcript", "mentions", "score", "recording"):
        response = get(service, call["links"][what])
        assert (response.status_code, response.json()["code"]) == (409, "not_ready")
    service.work()


def test_erasing_a_call_erases_everything(service: ApiService, admin: httpx.Client) -> None:
    call = service.upload(wav(0.1, seed=78), external_id="erase-me").json()
    service.work()
    files = len(service.blob_files())
    assert admin.delete(f"/v1/calls/{call['id']}").status_code == 204
    assert admin.delete(f"/v1/calls/{call['id']}").status_code == 404
    assert [admin.get(link).status_code for link in call["links"].values()] == [404] * 5
    assert len(service.blob_files()) < files
    events = [e for e in admin.get("/v1/changes?limit=200").json()["events"] if e["subject"] == call["id"]]
    assert [(e["type"], bool(e["data"])) for e in events] == [("call.analysed", False), ("call.erased", True)]
    audit = [e["action"] for e in admin.get("/v1/audit").json()["entries"] if e["subject"] == call["id"]]
    assert audit == ["call.erased", "call.received"]
    assert service.upload(wav(0.1, seed=78), external_id="erase-me").status_code == 202  # the name is free again


# --- findings -------------------------------------------------------------------------------------------------------


def test_the_transcript_is_masked_and_keeps_its_length(service: ApiService, call_id: str) -> None:
    masked = get(service, f"/v1/calls/{call_id}/transcript").json()
    raw = get(service, f"/v1/calls/{call_id}/transcript?raw=true", "raw").json()
    assert [s["text"] for s in raw["segments"]] == [text for *_, text in HEARD]
    assert [len(s["text"]) for s in masked["segments"]] == [len(s["text"]) for s in raw["segments"]]
    assert PHONE not in str(masked)
    assert [s["start"] for s in masked["segments"]] == sorted(s["start"] for s in masked["segments"])


@pytest.mark.parametrize(
    ("format", "kind", "begins"),
    [
        ("txt", "text/plain", "[00:00] 销售："),
        ("srt", "application/x-subrip", "1\n00:00:00,500 -->"),
        ("vtt", "text/vtt", "WEBVTT"),
    ],
)
def test_transcript_formats(service: ApiService, call_id: str, format: str, kind: str, begins: str) -> None:
    response = get(service, f"/v1/calls/{call_id}/transcript?format={format}&lang=zh")
    assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
    text = response.content.decode()
    assert text.startswith(begins)
    assert PHONE not in text


def test_mentions_point_into_their_sentence(service: ApiService, call_id: str) -> None:
    mentions = get(service, f"/v1/calls/{call_id}/mentions").json()["mentions"]
    assert mentions
    for m in mentions:
        assert m["sentence"][m["start_char"] : m["end_char"]] == m["text"]
        speaker, _, start, end, _ = HEARD[m["turn"]]
        assert m["speaker"] == speaker
        assert start <= m["start"] < m["end"] <= end
    assert PHONE not in str(mentions)


def test_score_with_reasons_and_snapshot_for_raw(service: ApiService, call_id: str) -> None:
    score = get(service, f"/v1/calls/{call_id}/score").json()
    assert score["snapshot"] is None
    assert score["score"]["total"] == get(service, f"/v1/calls/{call_id}").json()["score"]
    assert {"components", "gates", "left_out", "counts_toward_performance"} <= set(score["score"])
    assert score["talk"]["customer"] > 0
    assert score["contact"]["outcome"] == "effective"
    assert PHONE not in str(score)
    raw = get(service, f"/v1/calls/{call_id}/score?raw=true", "raw").json()
    assert raw["snapshot"]["calls"][0]["call_id"] == call_id


# --- sound ----------------------------------------------------------------------------------------------------------


def test_readers_hear_the_phone_number_silenced_and_raw_the_original(service: ApiService, call_id: str) -> None:
    heard = get(service, f"/v1/calls/{call_id}/recording")
    assert heard.headers["Content-Type"] == "audio/wav"
    assert heard.headers["ETag"] == f'"{hashlib.sha256(heard.content).hexdigest()}"'
    assert heard.headers["Content-Disposition"] == f'inline; filename="{call_id}.wav"'
    with wave.open(io.BytesIO(heard.content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        rate = file.getframerate()
        sides = memoryview(file.readframes(file.getnframes())).cast("h").tolist()
    agent, customer = sides[0::2], sides[1::2]
    spoken = slice(int(16.5 * rate), int(17.5 * rate))  # the number
    assert not any(customer[spoken])
    assert not any(agent[spoken])  # the customer said it, and an echo on this side would tell it too
    assert any(customer[5 * rate : 6 * rate])
    raw = get(service, f"/v1/calls/{call_id}/recording?raw=true", "raw")
    assert raw.content == ORIGINAL


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, None),
        ("bytes=-44", 206, -44, None),
        ("bytes=7-7", 206, 7, 8),
        ("bytes=0-99999999999", 206, 0, None),
        ("bytes=-99999999999", 206, 0, None),
        ("bytes=9-3", 200, 0, None),
        ("bytes=0-1,5-6", 200, 0, None),
        ("lines=1-2", 200, 0, None),
        ("bytes=x", 200, 0, None),
    ],
)
def test_ranges(service: ApiService, call_id: str, asked: str, status: int, start: int, end: int | None) -> None:
    response = get(service, f"/v1/calls/{call_id}/recording?raw=true", "raw", Range=asked)
    expected = ORIGINAL[start:end]
    assert response.status_code == status
    assert response.content == expected
    assert response.headers["Content-Length"] == str(len(expected))
    if status == 206:
        first = start % len(ORIGINAL) if start else 0
        assert response.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(ORIGINAL)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_416(service: ApiService, call_id: str, asked: str) -> None:
    response = get(service, f"/v1/calls/{call_id}/recording?raw=true", "raw", Range=asked)
    assert (response.status_code, response.json()["code"]) == (416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{len(ORIGINAL)}"


def test_head_and_conditions(service: ApiService, call_id: str) -> None:
    path = f"/v1/calls/{call_id}/recording?raw=true"
    with service.client("raw") as client:
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert (head.headers["Content-Length"], head.headers["Accept-Ranges"]) == (str(len(ORIGINAL)), "bytes")
        tag = head.headers["ETag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
        assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == 206
        assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"old"'}).status_code == 200


def test_one_playing_is_one_audit_entry_wherever_it_begins(service: ApiService, call_id: str) -> None:
    def entries() -> int:
        found = get(service, "/v1/audit?limit=200").json()["entries"]
        return sum(e["action"] == "recording.read" for e in found)

    before = entries()
    for asked in ("bytes=1000-1999", "bytes=2000-2999", "bytes=0-99"):
        assert get(service, f"/v1/calls/{call_id}/recording", "qa", Range=asked).status_code == 206
        assert entries() == before + 1  # from the first range on, so beginning in the middle is no way around it
    assert get(service, f"/v1/calls/{call_id}/recording", "manager").status_code == 200
    assert entries() == before + 2


# --- heatmap --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["customer", "salesperson", "team", "industry", "region", "stage", "week"])
@pytest.mark.parametrize("speaker", ["customer", "agent", "any"])
def test_each_cell_links_to_exactly_its_mentions(service: ApiService, call_id: str, row: str, speaker: str) -> None:
    heatmap = get(service, f"/v1/heatmap?row={row}&speaker={speaker}&from=2026-11-01&to=2026-12-01").json()
    cells = [(r, t, c) for r in heatmap["rows"] for t, c in r["cells"].items()]
    assert cells
    for line, topic, cell in cells:
        mentions = get(service, cell["mentions_url"]).json()["mentions"]
        assert {m["topic"] for m in mentions} == {topic}
        assert len({m["call_id"] for m in mentions}) == cell["calls"]
        assert cell["value"] == cell["share"] == round(cell["calls"] / line["calls"], 4)
        if speaker != "any":
            assert {m["speaker"] for m in mentions} == {speaker}


def test_heatmap_formats(service: ApiService, call_id: str) -> None:
    csv = get(service, "/v1/heatmap?format=csv&lang=zh&row=team")
    assert csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "预算审批" in csv.text.splitlines()[0]
    png = get(service, "/v1/heatmap?format=png")
    assert (png.headers["Content-Type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    xlsx = get(service, "/v1/heatmap?format=xlsx&lang=zh&row=team")
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).worksheets[0]
    assert [c.value for c in sheet[1]][4] == csv.text.splitlines()[0].split(",")[4]


@pytest.mark.parametrize("query", ["row=planet", "measure=length", "speaker=unknown", "source=fax", "format=pdf"])
def test_bad_heatmap_queries(service: ApiService, query: str) -> None:
    response = get(service, f"/v1/heatmap?{query}")
    assert [e["field"] for e in response.json()["errors"]] == [query.split("=")[0]]


def test_minutes_count_only_when_asked_for(service: ApiService, admin: httpx.Client) -> None:
    text = {
        "external_id": "min-1",
        "started_at": WHEN,
        "source": "minutes",
        "text": "客户：你们这个报价太贵了能不能打折",
        "customer": {"id": "c-min", "name": "纪要客户"},
    }
    assert admin.post("/v1/texts", json=text).status_code == 202
    service.work()
    rows = [
        {r["key"] for r in get(service, f"/v1/heatmap{q}").json()["rows"]}
        for q in ("", "?source=minutes", "?source=any")
    ]
    assert [("c-min" in keys) for keys in rows] == [False, True, True]


# --- texts ----------------------------------------------------------------------------------------------------------


def test_text_lines_become_turns(service: ApiService, admin: httpx.Client) -> None:
    body = {
        "external_id": "chat-1", "started_at": WHEN, "source": "chat",
        "text": "客户：预算还没批\n还要等总经理\n【销售】: 好的\n\n会后整理\nAgent: ok\n客户：\n私有化部署",
    }  # fmt: skip
    response = admin.post("/v1/texts", json=body)
    assert response.status_code == 202
    assert response.json()["links"]["recording"] is None
    segments = admin.get(response.json()["links"]["transcript"]).json()["segments"]
    assert [(s["speaker"], s["text"]) for s in segments] == [
        ("customer", "预算还没批"), ("customer", "还要等总经理"), ("agent", "好的"), ("unknown", "会后整理"),
        ("agent", "ok"), ("customer", "私有化部署"),
    ]  # fmt: skip
    again = admin.post("/v1/texts", json=body)
    assert (again.status_code, again.json()["id"]) == (200, response.json()["id"])
    other = admin.post("/v1/texts", json=body | {"text": "别的"})
    assert (other.status_code, other.json()["code"]) == (409, "external_id_conflict")
    service.work()
    assert admin.get(response.json()["links"]["self"]).json()["status"] == "done"


def test_turns_keep_their_times(service: ApiService, admin: httpx.Client) -> None:
    turns = [
        {"speaker": "agent", "start": 0, "end": 2.5, "text": "您好"},
        {"speaker": "customer", "start": 2.5, "end": 5, "text": "多少钱一套"},
    ]
    body = {"external_id": "tr-1", "started_at": WHEN, "source": "transcript", "turns": turns}
    answer = admin.post("/v1/texts", json=body).json()
    segments = admin.get(answer["links"]["transcript"]).json()["segments"]
    assert [{k: s[k] for k in turns[0]} for s in segments] == turns
    service.work()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": None}, "text"),
        ({"turns": []}, "text"),
        ({"text": " \n "}, "turns"),
        ({"text": "长" * 2001}, "turns"),
        ({"source": "call"}, "source"),
        ({"source": "fax"}, "source"),
        ({"text": None, "turns": [{"text": "a", "start": -1}]}, "turns[0].start"),
        ({"text": None, "turns": [{"text": "a", "start": 2, "end": 1}]}, "turns[0]"),
        ({"text": None, "turns": [{"text": "a", "speaker": "boss"}]}, "turns[0].speaker"),
        ({"text": None, "turns": [{"text": "a\u0000b"}]}, "turns[0].text"),
        ({"channels": "mono"}, "channels"),
        ({"started_at": "2026-11-23 14:05"}, "started_at"),
    ],
    ids=str,
)
def test_bad_texts_name_the_field(admin: httpx.Client, change: dict[str, Any], field: str) -> None:
    body = {"external_id": "bad", "started_at": WHEN, "source": "minutes", "text": "客户：好"} | change
    response = admin.post("/v1/texts", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "invalid_input"),
        (b"\xff\xfe", 422, "invalid_input"),
        (b"[" * 100_000, 400, "bad_request"),
        (b'{"text": "\\ud800"}', 422, "invalid_input"),
        (b" " * (8 << 20) + b"{}", 413, "body_too_large"),
    ],
    ids=["cut off", "not UTF-8", "very deep", "half a character", "too long"],
)
def test_bad_json(admin: httpx.Client, content: bytes, status: int, code: str) -> None:
    response = admin.post("/v1/texts", content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (status, code)
    chunked = admin.post("/v1/texts", content=iter([content]), headers={"Content-Type": "application/json"})
    assert (chunked.status_code, chunked.json()["code"]) == (status, code)


def test_json_needs_its_content_type(admin: httpx.Client) -> None:
    response = admin.post("/v1/texts", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


# --- CRM ------------------------------------------------------------------------------------------------------------


def test_the_feed_is_complete_and_resumable(service: ApiService, call_id: str) -> None:
    whole = get(service, "/v1/changes?limit=200", "crm").json()["events"]
    assert [e["seq"] for e in whole] == list(range(1, len(whole) + 1))
    seen, cursor, more = [], "", True
    while more:
        page = get(service, f"/v1/changes?limit=1&cursor={cursor}", "crm").json()
        seen += page["events"]
        cursor, more = page["cursor"], page["more"]
    assert seen == whole
    assert get(service, f"/v1/changes?cursor={cursor}", "crm").json() == {"events": [], "cursor": cursor, "more": False}
    assert not any(text in str(whole) for *_, text in HEARD)
    for wrong in ("-1", "x", "99999", "9" * 30):
        assert get(service, f"/v1/changes?cursor={wrong}", "crm").status_code == 422


def test_webhooks(service: ApiService) -> None:
    with service.client("crm") as crm:
        made = crm.post("/v1/webhooks", json={"url": "https://example.com/h", "event_types": ["call.analysed"]})
        assert made.status_code == 201
        assert made.json()["secret"].startswith("whsec_")
        [listed] = crm.get("/v1/webhooks").json()["webhooks"]
        assert listed == {k: v for k, v in made.json().items() if k != "secret"}
        service.upload(wav(0.1, seed=90), external_id="hooked")
        service.work()
        [delivery] = crm.get(f"/v1/webhooks/{listed['id']}/deliveries").json()["deliveries"]
        assert (delivery["event_type"], delivery["state"], delivery["attempts"]) == ("call.analysed", "pending", [])
        assert crm.delete(f"/v1/webhooks/{listed['id']}").status_code == 204
        assert crm.get("/v1/webhooks").json() == {"webhooks": []}
        assert crm.get(f"/v1/webhooks/{listed['id']}/deliveries").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://example.com/", "event_types": ["call.analyzed"]}, "event_types"),
        ({"url": "https://example.com/", "events": []}, "events"),
        ({}, "url"),
    ],
    ids=str,
)
def test_bad_webhooks(service: ApiService, body: dict[str, Any], field: str) -> None:
    with service.client("crm") as crm:
        response = crm.post("/v1/webhooks", json=body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


def test_names_of_the_default_metadata_are_shown_as_sent(service: ApiService, call_id: str) -> None:
    shown = get(service, f"/v1/calls/{call_id}").json()["metadata"]
    assert shown["salesperson"] == METADATA["salesperson"]
    assert shown["customer"] == METADATA["customer"]
