"""Lexicon and rubric over HTTP: draft, check, publish, compare, restore, merge, measure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from speechsvc.config import Settings
from speechsvc.domain.ruleset import Content, Ruleset, RulesetKind
from speechsvc.tagging.rulebook import FileRulebook
from tests.fakes.api_service import ApiService, running, wav

WORD = "蓝鲸计划"  # in no default entry
GOLD = Path(__file__).parent.parent / "gold" / "dev.jsonl"


both = pytest.mark.parametrize(
    "service", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ApiService]:
    postgres = getattr(request, "param", "sqlite") == "postgres"
    url = request.getfixturevalue("database_url_postgres") if postgres else ""
    with running(Settings(_env_file=None, data_dir=tmp_path, database_url=url, log_level="ERROR")) as service:
        yield service


@pytest.fixture
def database_url_postgres(postgres_url: str) -> str:
    from sqlalchemy import create_engine, text

    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgres_url


@pytest.fixture
def qa(service: ApiService) -> Iterator[httpx.Client]:
    with service.client("qa") as client:
        yield client


def with_word(content: Content, word: str = WORD, topic: str = "pricing_discount") -> Content:
    """The content with one more entry, and an example that shows it."""
    changed = deepcopy(content)
    home = next(t for t in changed["topics"] if t["id"] == topic)
    home["entries"].append({"term": word})
    home["examples"]["match"].append(f"我们想谈谈{word}")
    return changed


def put(client: httpx.Client, content: Content, kind: str = "lexicon") -> httpx.Response:
    tag = client.get(f"/v1/{kind}/draft").headers["ETag"]
    return client.put(f"/v1/{kind}/draft", json={"content": content}, headers={"If-Match": tag})


def publish(client: httpx.Client, kind: str = "lexicon", **body: Any) -> httpx.Response:
    return client.post(f"/v1/{kind}/draft/publish", json=body)


@both
def test_from_the_default_to_version_two_and_back(service: ApiService, qa: httpx.Client) -> None:
    start = qa.get("/v1/lexicon").json()
    assert (start["number"], start["author"], start["published_at"]) == (0, "", None)
    assert qa.get("/v1/lexicon/versions").json()["versions"] == []
    assert publish(qa).json()["code"] == "nothing_to_publish"

    drafted = put(qa, with_word(start["content"]))
    assert (drafted.status_code, drafted.headers["ETag"], drafted.json()["based_on"]) == (200, '"1"', 0)
    assert drafted.json()["updated_by"].startswith("key_")
    check = qa.post("/v1/lexicon/draft/check").json()
    assert (check["ok"], check["problems"], check["warnings"]) == (True, [], [])
    diff = qa.get("/v1/lexicon/versions/published/diff/draft").json()
    assert diff["counts"] == {"entry": {"added": 1}, "example": {"added": 1}}

    first = publish(qa, author="李质检", note="客户都这么说")
    assert first.status_code == 201
    assert first.headers["Location"].endswith("/v1/lexicon/versions/1")
    assert (
        first.json().items() >= {"number": 1, "author": "李质检", "note": "客户都这么说", "restored_from": None}.items()
    )
    assert first.json()["label"] == f"lexicon-1+{first.json()['digest'][:8]}"
    assert qa.get("/v1/lexicon/draft").json()["updated_at"] is None
    assert publish(qa).json()["code"] == "nothing_to_publish"

    back = qa.post("/v1/lexicon/versions/0/restore", json={"note": "zurück"}).json()
    assert (back["number"], back["restored_from"]) == (2, 0)
    assert qa.get("/v1/lexicon/versions/0/diff/2").json()["changes"] == []
    again = qa.post("/v1/lexicon/versions/1/restore", json={}).json()
    assert (again["number"], again["digest"]) == (3, first.json()["digest"])
    assert [v["number"] for v in qa.get("/v1/lexicon/versions?limit=2").json()["versions"]] == [3, 2]
    one = qa.get("/v1/lexicon/versions/1").json()
    assert one["content"]["topics"] == with_ids(drafted.json()["content"])["topics"]
    for unknown in ("4", "-1", "1e1", "９", "x", str(1 << 40)):
        assert qa.get(f"/v1/lexicon/versions/{unknown}").status_code == 404


def with_ids(content: Content) -> Content:
    return FileRulebook().read(RulesetKind.LEXICON, content).content


@both
def test_publishing_tells_the_feed_and_the_audit_log_but_no_words(service: ApiService, qa: httpx.Client) -> None:
    put(qa, with_word(qa.get("/v1/lexicon").json()["content"]))
    label = publish(qa, note="秘密的理由").json()["label"]
    with service.client("admin") as admin:
        (event,) = admin.get("/v1/changes").json()["events"]
        (entry,) = admin.get("/v1/audit").json()["entries"]
    assert (event["type"], event["subject"], event["data"]["changes"]) == (
        "lexicon.published",
        label,
        {"entry": {"added": 1}, "example": {"added": 1}},
    )
    assert (entry["action"], entry["subject"]) == ("lexicon.published", label)
    for told in (event, entry):
        assert WORD not in json.dumps(told, ensure_ascii=False)
        assert "秘密" not in json.dumps(told, ensure_ascii=False)


@both
def test_a_published_lexicon_decides_the_next_call_and_each_call_names_one_version(
    service: ApiService, qa: httpx.Client
) -> None:
    def said(number: int) -> dict[str, Any]:
        body = {"started_at": "2026-11-23T14:05:00Z", "source": "transcript", "external_id": f"t{number}"}
        turns = [{"speaker": "customer", "text": f"我们想谈谈{WORD}", "start": 1, "end": 4}]
        with service.client("crm") as crm:
            call = crm.post("/v1/texts", json=body | {"turns": turns}).json()
            service.work()
            found: dict[str, Any] = crm.get(call["links"]["self"]).json()
        return found

    before = said(1)
    content = qa.get("/v1/lexicon").json()["content"]
    content["topics"].append({"id": "whale", "name": "蓝鲸", "name_en": "Whale", "entries": [{"term": WORD}]})
    put(qa, content)
    label = publish(qa).json()["label"]
    after = said(2)
    assert (before["topics"], after["topics"]) == ([], ["whale"])
    assert before["versions"]["lexicon"].startswith("default-")
    assert after["versions"]["lexicon"] == label
    columns = qa.get("/v1/heatmap").json()["topics"]
    assert columns[-1] == {"id": "whale", "name": "Whale", "name_zh": "蓝鲸"}
    with service.client("foreign") as foreign:
        assert "whale" not in [t["id"] for t in foreign.get("/v1/heatmap").json()["topics"]]
    assert qa.get("/v1/calls").json()["calls"][1]["topics"] == []  # what was analysed before stays


def test_a_published_rubric_scores_the_next_call(service: ApiService, qa: httpx.Client) -> None:
    rubric = qa.get("/v1/rubric").json()["content"]
    rubric["pass_line"] = 99
    assert put(qa, rubric, "rubric").status_code == 200
    label = publish(qa, "rubric").json()["label"]
    call = service.upload(wav(0.2)).json()
    service.work()
    assert qa.get(call["links"]["self"]).json()["versions"]["rubric"] == label
    assert qa.get(call["links"]["score"]).json()["score"]["counts_toward_performance"] is False


def test_a_draft_with_mistakes_of_form_is_refused_with_each_of_them(qa: httpx.Client) -> None:
    content = qa.get("/v1/lexicon").json()["content"]
    content["topics"][0]["entries"][0]["varaints"] = ["x"]
    content["topics"][1]["weight"] = "much"
    answer = put(qa, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "lexicon_invalid")
    told = [e["problem"] for e in answer.json()["errors"]]
    assert any("varaints" in t and "Use one of" in t for t in told)
    assert any("weight" in t for t in told)
    assert qa.get("/v1/lexicon/draft").json()["updated_at"] is None
    rubric = qa.get("/v1/rubric").json()["content"]
    rubric["components"][0]["points"] += 5
    assert put(qa, rubric, "rubric").json()["code"] == "invalid_rubric"
    for bad in ("\x00", "\ud800"):
        content = qa.get("/v1/lexicon").json()["content"]
        content["topics"][0]["entries"][0]["note"] = bad
        body = json.dumps({"content": content})  # ASCII: the half character travels as an escape
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        assert qa.put("/v1/lexicon/draft", content=body, headers=headers).json()["code"] == "lexicon_invalid"


def test_what_its_own_examples_contradict_is_not_published(service: ApiService, qa: httpx.Client) -> None:
    content = qa.get("/v1/lexicon").json()["content"]
    content["topics"][0]["examples"]["match"].append("今天天气不错")
    assert put(qa, content).status_code == 200
    check = qa.post("/v1/lexicon/draft/check").json()
    assert not check["ok"]
    assert ["今天天气不错" in p and "add an entry" in p for p in check["problems"]] == [True]
    answer = publish(qa)
    assert (answer.status_code, answer.json()["code"]) == (422, "check_failed")
    assert [e["problem"] for e in answer.json()["errors"]] == check["problems"]
    assert qa.get("/v1/lexicon").json()["number"] == 0


def test_topics_and_weights_that_do_not_fit_are_a_warning(qa: httpx.Client) -> None:
    content = qa.get("/v1/lexicon").json()["content"]
    content["topics"] = [t for t in content["topics"] if t["id"] != "budget_approval"]
    for home in content["topics"]:
        home["examples"] = {}
        home["entries"] = [e for e in home["entries"] if "budget_approval" not in e.get("previous", ())]
    assert put(qa, content).status_code == 200
    check = qa.post("/v1/lexicon/draft/check").json()
    assert check["ok"]
    assert ["budget_approval" in w for w in check["warnings"]] == [True]


@both
def test_nobody_overwrites_what_they_have_not_seen(service: ApiService, qa: httpx.Client) -> None:
    content = qa.get("/v1/lexicon").json()["content"]
    body = {"content": with_word(content)}
    assert qa.put("/v1/lexicon/draft", json=body).json()["code"] == "if_match_missing"
    assert qa.put("/v1/lexicon/draft", json=body, headers={"If-Match": "x"}).status_code == 422
    for tag, status in (('"0"', 200), ('"0"', 412), ('W/"1"', 200), ("2", 200), ("*", 200)):
        assert qa.put("/v1/lexicon/draft", json=body, headers={"If-Match": tag}).status_code == status, tag
    stale = qa.post("/v1/lexicon/draft/publish", json={}, headers={"If-Match": '"3"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "draft_changed")
    assert qa.delete("/v1/lexicon/draft", headers={"If-Match": '"3"'}).status_code == 412
    assert qa.delete("/v1/lexicon/draft", headers={"If-Match": '"4"'}).status_code == 204
    assert qa.delete("/v1/lexicon/draft").status_code == 204
    # an ETag of the dropped draft never fits the next one
    assert qa.put("/v1/lexicon/draft", json=body, headers={"If-Match": '"4"'}).status_code == 412


@both
def test_of_two_publishers_at_once_one_wins(service: ApiService, qa: httpx.Client) -> None:
    put(qa, with_word(qa.get("/v1/lexicon").json()["content"]))
    start = Barrier(4)

    def race(_: int) -> httpx.Response:
        with service.client("qa") as client:
            start.wait()
            return publish(client)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(race, range(4)))
    assert sorted(a.status_code for a in answers)[0] == 201
    losers = [a for a in answers if a.status_code != 201]
    assert len(losers) == 3
    assert {a.json()["code"] for a in losers} <= {"draft_changed", "draft_outdated", "nothing_to_publish"}
    assert [v["number"] for v in qa.get("/v1/lexicon/versions").json()["versions"]] == [1]
    with service.client("admin") as admin:
        assert len(admin.get("/v1/changes").json()["events"]) == 1


@both
def test_restores_at_once_take_different_numbers_or_none(service: ApiService, qa: httpx.Client) -> None:
    def restore(_: int) -> int:
        with service.client("qa") as client:
            return client.post("/v1/lexicon/versions/0/restore", json={}).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(restore, range(6)))
    assert set(statuses) <= {201, 409}
    numbers = [v["number"] for v in qa.get("/v1/lexicon/versions").json()["versions"]]
    assert numbers == list(range(statuses.count(201), 0, -1))


def test_a_draft_that_began_before_another_version_is_not_published_unawares(qa: httpx.Client) -> None:
    put(qa, with_word(qa.get("/v1/lexicon").json()["content"]))
    qa.post("/v1/lexicon/versions/0/restore", json={})
    refused = publish(qa)
    assert (refused.status_code, refused.json()["code"]) == (409, "draft_outdated")
    assert "version 0" in refused.json()["detail"]
    assert publish(qa, replaces=0).status_code == 409
    assert publish(qa, replaces=1).json()["number"] == 2


def release(service: ApiService, kind: RulesetKind, content: Content) -> None:
    """What an update of the software brings: the same service with another default."""
    book: Any = service.application.core.rulebook()
    read = book.read(kind, content)
    label = replace(read, label=f"default-2+{read.digest[:8]}")
    book.__dict__[f"_{kind.value}"] = Ruleset(kind=kind, label=label.label, digest=read.digest, content=read.content)


@both
def test_a_newer_default_merges_into_what_a_tenant_made_of_the_old_one(service: ApiService, qa: httpx.Client) -> None:
    old = qa.get("/v1/lexicon").json()["content"]
    assert qa.post("/v1/lexicon/draft/merge-default").json()["code"] == "nothing_to_merge"
    ours = with_word(old)
    ours["topics"][0]["name"] = "预算（我们）"
    put(qa, ours)
    publish(qa)
    newer = with_word(deepcopy(old), "灰鲸计划", "trial_poc")
    newer["topics"][0]["name"] = "预算（默认）"
    release(service, RulesetKind.LEXICON, newer)

    merged = qa.post("/v1/lexicon/draft/merge-default").json()
    assert merged["counts"] == {"entry": {"added": 1}, "example": {"added": 1}}
    (conflict,) = merged["draft"]["conflicts"]
    assert (conflict["field"], conflict["draft"], conflict["default"]) == ("name", "预算（我们）", "预算（默认）")
    assert publish(qa).json()["code"] == "conflicts_open"
    assert not qa.post("/v1/lexicon/draft/check").json()["ok"]
    unknown = qa.post("/v1/lexicon/draft/resolve", json={"choices": {"x": "draft"}})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "choices")
    decided = qa.post("/v1/lexicon/draft/resolve", json={"choices": {conflict["id"]: "default"}}).json()
    assert (decided["conflicts"], decided["content"]["topics"][0]["name"]) == ([], "预算（默认）")
    two = publish(qa).json()
    assert two["number"] == 2
    words = {e.get("term") for t in qa.get("/v1/lexicon").json()["content"]["topics"] for e in t["entries"]}
    assert words >= {WORD, "灰鲸计划"}
    assert qa.post("/v1/lexicon/draft/merge-default").json()["code"] == "nothing_to_merge"
    qa.post("/v1/lexicon/versions/1/restore", json={})  # came from the old default, whose content is still known
    assert qa.post("/v1/lexicon/draft/merge-default").json()["draft"]["conflicts"] != []


def test_a_merged_rubric_that_does_not_add_up_waits_in_the_draft(service: ApiService, qa: httpx.Client) -> None:
    old = qa.get("/v1/rubric").json()["content"]

    def moved(a: int, b: int, points: int) -> Content:
        changed = deepcopy(old)
        changed["components"][a]["points"] += points
        changed["components"][b]["points"] -= points
        return changed

    put(qa, moved(0, 1, 5), "rubric")
    publish(qa, "rubric")
    release(service, RulesetKind.RUBRIC, moved(0, 2, 3))
    merged = qa.post("/v1/rubric/draft/merge-default").json()
    (conflict,) = merged["draft"]["conflicts"]
    assert conflict["field"] == "points"
    assert qa.post("/v1/rubric/draft/resolve", json={"choices": {conflict["id"]: "draft"}}).status_code == 200
    check = qa.post("/v1/rubric/draft/check").json()
    assert ["sum to 97" in p for p in check["problems"]] == [True]
    assert publish(qa, "rubric").json()["code"] == "check_failed"


@pytest.mark.parametrize("format", ["yaml", "json", "xlsx", "csv"])
def test_files_out_and_in_are_the_same_draft(qa: httpx.Client, format: str) -> None:
    content = with_ids(with_word(qa.get("/v1/lexicon").json()["content"]))
    put(qa, content)
    file = qa.get(f"/v1/lexicon/export?format={format}&version=draft")
    assert (file.status_code, "attachment" in file.headers["Content-Disposition"]) == (200, True)
    qa.delete("/v1/lexicon/draft")
    sent = qa.post(f"/v1/lexicon/draft/import?format={format}", content=file.content, headers={"If-Match": "*"})
    assert (sent.status_code, sent.json()["content"]["topics"]) == (200, content["topics"])
    assert sent.headers["ETag"] == f'"{sent.json()["revision"]}"'
    assert qa.post(f"/v1/lexicon/draft/import?format={format}", content=file.content).status_code == 428
    broken = qa.post(f"/v1/lexicon/draft/import?format={format}", content=b"\xff\x00", headers={"If-Match": "*"})
    assert broken.status_code == 422


def labelled(count: int) -> list[Any]:
    with GOLD.open(encoding="utf-8") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(count), strict=False)]


def test_a_draft_is_measured_against_what_is_published(service: ApiService, qa: httpx.Client) -> None:
    calls = labelled(5)
    gone = calls[0]["turns"]
    topic = next(t["topics"][0]["id"] for t in gone if t.get("topics"))
    content = qa.get("/v1/lexicon").json()["content"]
    home = next(t for t in content["topics"] if t["id"] == topic)
    home["entries"], home["examples"] = [], {}
    next(t for t in content["learned"]["topics"] if t["id"] == topic)["threshold"] = None
    put(qa, content)
    found = qa.post("/v1/lexicon/evaluate", json={"calls": calls}).json()
    assert found["candidate"]["calls"] == found["against"]["calls"] == 5
    assert found["candidate"]["by_topic"][topic]["right"] == 0
    assert found["broken"]
    assert topic in {p["topic"] for p in found["broken"]}
    back = qa.post("/v1/lexicon/evaluate", json={"calls": calls, "candidate": "0", "against": "draft"}).json()
    assert (back["mended"], back["broken"]) == (found["broken"], found["mended"])
    bad = qa.post("/v1/lexicon/evaluate", json={"calls": [{"turns": 1}]})
    assert (bad.status_code, bad.json()["code"]) == (422, "labelled_calls_invalid")
    assert qa.post("/v1/lexicon/evaluate", json={"calls": calls, "candidate": "9"}).status_code == 404

    rubric = qa.get("/v1/rubric").json()["content"]
    put(qa, rubric | {"pass_line": 100}, "rubric")
    scored = qa.post("/v1/rubric/evaluate", json={"calls": calls}).json()
    assert [c["call_id"] for c in scored["calls"]] == [c["call_id"] for c in calls]
    passing = [c for c in scored["calls"] if 60 <= c["against"] < 100]
    assert scored["crossing"] == len(passing) > 0


def test_learned_entries_are_trained_into_the_draft_and_switched(qa: httpx.Client) -> None:
    calls = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()[:12]]
    qa.timeout = httpx.Timeout(120)
    small = deepcopy(qa.get("/v1/lexicon").json()["content"])
    small.pop("learned", None)
    small["topics"] = [topic | {"entries": []} for topic in small["topics"][:2]]
    put(qa, small)
    few = qa.post("/v1/lexicon/train", json={"calls": calls[:3]})
    assert (few.status_code, few.json()["code"]) == (422, "too_few_calls")
    nothing = qa.post("/v1/lexicon/draft/thresholds", json={"thresholds": {}})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_learned")

    trained = qa.post("/v1/lexicon/train", json={"calls": calls, "thresholds": {"pricing_discount": 90}})
    assert trained.status_code == 200, trained.text
    topics = {topic["id"]: topic for topic in trained.json()["topics"]}
    assert set(topics) == {topic["id"] for topic in small["topics"]}
    assert topics["pricing_discount"]["threshold"] == 90
    assert trained.json()["trained"]["calls"] == 12
    draft = qa.get("/v1/lexicon/draft")
    assert draft.headers["ETag"] == trained.headers["ETag"]
    assert {t["id"]: t["threshold"] for t in draft.json()["content"]["learned"]["topics"]}["pricing_discount"] == 90

    old = draft.headers["ETag"]
    off = qa.post("/v1/lexicon/draft/thresholds", json={"thresholds": {"pricing_discount": None}})
    assert {t["id"]: t["threshold"] for t in off.json()["topics"]}["pricing_discount"] is None
    late = qa.post("/v1/lexicon/draft/thresholds", json={"thresholds": {}}, headers={"If-Match": old})
    assert (late.status_code, late.json()["code"]) == (412, "draft_changed")
    wrong = qa.post("/v1/lexicon/draft/thresholds", json={"thresholds": {"nobody": 50}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_input")
