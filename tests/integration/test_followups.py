"""Follow-ups over the real API and database: grouping, late arrivals, settling, duplicates, appeals, performance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from speechsvc.config import Settings
from speechsvc.storage.engine import transaction
from speechsvc.storage.tables import followups
from tests.fakes.api_service import ApiService, running, wav

START = "2026-11-23T10:00:00+08:00"
SALESPERSON = {"id": "s-1", "name": "王芳", "team": "east"}
CUSTOMER = {"id": "c-1", "name": "宏远", "industry": "制造", "region": "上海"}
GOOD = (
    ("agent", "张总您好，上次说的预算审批怎么样了？"),
    ("customer", "预算审批下来了，总经理上周五签的，一共三十二万，今年必须用完。"),
    ("agent", "那太好了，付款方式您倾向怎么走？"),
    ("customer", "付款我们要分三期，首付三成，验收后付六成，质保金一成，这个合同里要写清楚。"),
    ("agent", "三期没问题，合同条款我让法务今天改好。实施周期您这边有要求吗？"),
    ("customer", "春节前要上线，最晚一月十五号，数据迁移得有人驻场，我们原来用的金蝶，历史数据五年。"),
    ("agent", "五年数据迁移大概需要一周，我们派两位顾问驻场。"),
    ("customer", "行，那接口呢？要跟我们的MES系统对接，接口文档你们有没有？价格还能不能再打个九五折？"),
    ("agent", "接口文档有的，折扣我去申请，明天上午给您答复。"),
    ("customer", "好，那明天上午十点你带合同过来，我叫上财务一起把它定了。"),
    ("agent", "好的张总，明天上午十点我带合同到您公司。"),
)
OTHER = (
    ("agent", "李总，试用这一周感觉如何？"),
    ("customer", "试用下来还行吧，就是报表少一点。"),
    ("agent", "那我们的报价您看了吗，价格方面有什么想法？"),
    ("customer", "最近太忙了，还没顾上看，过一阵子再说吧。"),
)


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[ApiService]:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", log_level="ERROR", database_url=database_url)
    with running(settings) as service:
        yield service


def talk(lines: tuple[tuple[str, str], ...] = GOOD) -> list[dict[str, Any]]:
    turns, clock = [], 0.0
    for speaker, words in lines:
        end = clock + len(words) / 4.5
        turns.append({"speaker": speaker, "start": clock, "end": end, "text": words})
        clock = end + 0.4
    return turns


def send(service: ApiService, number: int, lines: tuple[tuple[str, str], ...] = GOOD, **more: Any) -> str:
    body = {
        "external_id": f"t-{number}",
        "started_at": START,
        "source": "transcript",
        "turns": talk(lines),
        "salesperson": SALESPERSON,
        "customer": CUSTOMER,
    }
    with service.client("crm") as client:
        answer = client.post("/v1/texts", json=body | more)
        assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["id"])


def get(service: ApiService, path: str, key: str = "admin") -> dict[str, Any]:
    with service.client(key) as client:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def post(service: ApiService, path: str, body: dict[str, Any], key: str = "crm", status: int = 200) -> dict[str, Any]:
    with service.client(key) as client:
        answer = client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())


def settle(service: ApiService) -> None:
    """As if the time had come."""
    with transaction(service.database.engine, write=True) as connection:
        past = datetime(2020, 1, 1, tzinfo=UTC)
        connection.execute(update(followups).where(followups.c.settled_at.is_(None)).values(settles_at=past))
        connection.execute(text("UPDATE jobs SET not_before = 0 WHERE kind = 'settle'"))
    service.work()


def events(service: ApiService) -> list[tuple[str, dict[str, Any]]]:
    found = get(service, "/v1/changes?limit=200")["events"]
    return [(e["type"], e["data"]) for e in found if e["type"].startswith("followup.")]


def test_calls_of_one_deal_are_judged_together(service: ApiService) -> None:
    send(service, 1, OTHER)
    service.work()
    listed = get(service, "/v1/followups")["followups"]
    assert [f["state"] for f in listed] == ["provisional"]
    first = listed[0]["score"]["total"]
    name = listed[0]["external_id"]
    assert name.startswith("auto-")
    send(service, 2, GOOD, started_at="2026-11-25T10:00:00+08:00")
    service.work()
    found = get(service, f"/v1/followups/{name}/score")
    assert len(found["items"]) == 2
    assert found["score"]["total"] > max(first, 60)
    assert found["standing"] == {"total": found["score"]["total"], "counts_toward_performance": True}
    evidence = [e for c in found["explanation"]["components"] for e in c["evidence"]]
    assert {e["call_id"] for e in evidence} == {i["id"] for i in found["items"]}
    assert all(e["end"] >= e["start"] >= 0 for e in evidence)
    assert found["explanation"]["versions"]["rubric"].startswith("default")
    left_out = {x["id"] for x in found["explanation"]["left_out"]}
    assert left_out == {"documents", "minutes"}
    types = [t for t, _ in events(service)]
    assert types == ["followup.scored", "followup.scored"]
    assert events(service)[1][1]["before"]["total"] == first


def test_an_episode_ends_after_a_week_of_silence(service: ApiService) -> None:
    send(service, 1, OTHER)
    send(service, 2, GOOD, started_at="2026-12-08T10:00:00+08:00")
    send(service, 3, GOOD[:5], customer={"id": "c-2"})
    send(service, 4, GOOD[:3], opportunity={"id": "o-1"})
    service.work()
    assert len(get(service, "/v1/followups")["followups"]) == 4


def test_settled_scores_do_not_move(service: ApiService) -> None:
    send(service, 1, GOOD, followup_id="deal-1")
    service.work()
    settle(service)
    before = get(service, "/v1/followups/deal-1/score")
    assert before["state"] == "settled"
    late = send(service, 2, OTHER, followup_id="deal-1")
    post(
        service,
        "/v1/followups/deal-1/documents",
        {"name": "报价.pdf", "sha256": "ab" * 32, "uploaded_at": START},
        status=201,
    )
    service.work()
    settle(service)
    after = get(service, "/v1/followups/deal-1/score")
    assert after["explanation"] == before["explanation"]
    assert after["score"] == before["score"]
    assert [i["id"] for i in after["items"] if i["late"] and i["kind"] == "call"] == [late]
    assert [t for t, _ in events(service)] == ["followup.scored", "followup.settled"]
    actions = [e["action"] for e in get(service, "/v1/audit")["entries"]]
    assert actions.count("followup.late_item") == 2


def test_it_does_not_settle_while_a_call_is_unfinished(service: ApiService) -> None:
    send(service, 1, GOOD, followup_id="deal-1")
    service.work()
    answer = service.upload(wav(0.2), followup_id="deal-1", external_id="rec-1")
    assert answer.status_code == 202
    with transaction(service.database.engine, write=True) as connection:
        connection.execute(text("UPDATE jobs SET not_before = 4e10 WHERE kind = 'transcribe'"))
    settle(service)
    assert get(service, "/v1/followups/deal-1")["state"] == "provisional"
    with transaction(service.database.engine, write=True) as connection:
        connection.execute(text("UPDATE jobs SET not_before = 0 WHERE kind = 'transcribe'"))
    settle(service)
    settle(service)
    assert get(service, "/v1/followups/deal-1")["state"] == "settled"


def test_what_was_there_before_counts_once(service: ApiService) -> None:
    once = wav(0.3, seed=5)
    service.upload(once, followup_id="deal-1", external_id="a")
    service.work()
    alone = get(service, "/v1/followups/deal-1/score")
    service.upload(once, followup_id="deal-1", external_id="b")
    service.upload(wav(0.3, seed=6), followup_id="deal-1", external_id="c")  # other bytes, the same words
    service.upload(once, followup_id="deal-2", external_id="d")  # the same recording for another deal
    for document in ("x.pdf", "y.pdf"):
        post(
            service,
            "/v1/followups/deal-1/documents",
            {"name": document, "sha256": "cd" * 32, "uploaded_at": START},
            status=201,
        )
    for number in (1, 2):
        minutes = {"text": "客户说预算审批还没下来，要总经理批", "written_at": START, "external_id": f"m{number}"}
        post(service, "/v1/followups/deal-1/minutes", minutes, status=202)
    service.work()
    found = get(service, "/v1/followups/deal-1/score")
    reasons = sorted(d["reason"] for d in found["explanation"]["duplicates"])
    assert reasons == ["same_document", "same_minutes", "same_recording", "same_words"]
    by_id = {c["id"]: c for c in found["explanation"]["components"]}
    assert by_id["documents"]["inputs"]["documents"] == 1
    talk_alone = next(c for c in alone["explanation"]["components"] if c["id"] == "depth")["inputs"]
    assert by_id["depth"]["inputs"] == talk_alone
    second = get(service, "/v1/followups/deal-2/score")
    assert second["score"]["total"] == 0
    assert second["explanation"]["duplicates"][0]["reason"] == "same_recording"


def overlap(service: ApiService, second: str, **more: Any) -> list[dict[str, Any]]:
    """What the follow-up of the second call says of it; both recordings carry speech for 25 seconds, last for 40."""
    people = {"salesperson": SALESPERSON, "customer": CUSTOMER}
    service.upload(wav(0.2, seed=1), external_id="r1", followup_id="deal-1", started_at=START, **people)
    service.work()
    later = {"followup_id": "deal-1", "started_at": second} | people | more
    service.upload(wav(0.2, seed=2), external_id="r2", **later)
    service.work()
    with transaction(service.database.engine, write=True) as connection:
        # the stand-in hears the same words in all recordings
        connection.execute(text("UPDATE followup_items SET fingerprint = NULL"))
    path = f"/v1/followups/{later['followup_id']}"
    document = {"name": "x", "sha256": "ef" * 32, "uploaded_at": START}
    post(service, f"{path}/documents", document, status=201)
    explanation = get(service, f"{path}/score")["explanation"]
    return [*explanation["duplicates"], *explanation.get("noticed", [])]


NEXT = "2026-11-23T10:00:08+08:00"  # eight seconds into the first call
COLLEAGUE = {"id": "s-2", "name": "李雷", "team": "east"}
NEIGHBOUR = {"id": "c-2", "name": "恒信"}


def test_two_calls_at_the_same_time_count_once(service: ApiService) -> None:
    assert [d["reason"] for d in overlap(service, NEXT)] == ["overlapping_call"]


def test_one_conversation_on_two_extensions_counts_once(service: ApiService) -> None:
    found = overlap(service, NEXT, salesperson=COLLEAGUE)
    assert [d["reason"] for d in found] == ["overlapping_call"]


def test_calls_whose_speech_does_not_meet_both_count(service: ApiService) -> None:
    """The first one ran on in silence, as on hold, when the second began."""
    assert overlap(service, "2026-11-23T10:00:26+08:00") == []


def test_nobody_is_on_two_calls_of_two_follow_ups(service: ApiService) -> None:
    [found] = overlap(service, NEXT, followup_id="deal-2", customer=NEIGHBOUR)
    first = get(service, "/v1/calls?external_id=r1")["calls"][0]["id"]
    assert (found["reason"], found["counts_instead"]) == ("overlapping_call", first)
    assert get(service, "/v1/followups/deal-2")["reasons"][-1] == "duplicates_left_out"
    assert get(service, "/v1/followups/deal-1/score")["explanation"]["duplicates"] == []


def test_two_salespeople_with_one_customer_at_once_are_pointed_out(service: ApiService) -> None:
    [found] = overlap(service, NEXT, followup_id="deal-2", salesperson=COLLEAGUE)
    assert found["reason"] == "customer_on_two_calls"
    assert get(service, "/v1/followups/deal-2/score")["score"]["total"] > 0


def test_other_people_at_the_same_time_are_nobodys_business(service: ApiService) -> None:
    assert overlap(service, NEXT, followup_id="deal-2", salesperson=COLLEAGUE, customer=NEIGHBOUR) == []


def test_an_idle_call_takes_nothing_from_a_real_one(service: ApiService) -> None:
    """A voicemail that arrived first, while the salesperson spoke with somebody else."""
    service.upload(wav(0.2, seed=1), external_id="r1", followup_id="deal-1", started_at=START, salesperson=SALESPERSON)
    service.work()
    with transaction(service.database.engine, write=True) as connection:
        connection.execute(text("UPDATE calls SET contact = 'voicemail'"))
    assert overlap(service, NEXT, followup_id="deal-2", customer=NEIGHBOUR) == []


def test_appeal_and_decision_stand_beside_the_machine_score(service: ApiService) -> None:
    send(service, 1, OTHER, followup_id="deal-1")
    service.work()
    path = "/v1/followups/deal-1"
    reason = {"reason": "客户当面确认了预算"}
    assert post(service, f"{path}/appeals", reason, "salesperson", 409)["code"] == "not_settled"
    settle(service)
    machine = get(service, path)["score"]
    assert machine["counts_toward_performance"] is False
    assert post(service, f"{path}/appeals", reason, "salesperson_2", 404)["code"] == "not_found"
    made = post(service, f"{path}/appeals", reason, "salesperson", 201)
    assert made["followup"]["state"] == "appealed"
    decision = f"{path}/appeals/{made['appeal']['id']}/decision"
    change = {"decision": "change", "total": 66, "reason": "见面谈记录"}
    assert post(service, decision, change, "manager_west", 404)["code"] == "not_found"
    assert post(service, decision, {"decision": "change", "reason": "见面谈记录"}, "manager", 422)
    decided = post(service, decision, change, "manager")
    assert decided["appeal"]["state"] == "changed"
    assert post(service, decision, change, "manager", 409)["code"] == "appeal_decided"
    found = get(service, path)
    assert found["state"] == "final"
    assert found["score"] == machine
    assert found["standing"] == {"total": 66, "counts_toward_performance": True}
    assert [t for t, _ in events(service)][-2:] == ["followup.appealed", "followup.decided"]
    told = str(events(service))
    assert "客户" not in told
    assert "面谈" not in told
    overridden = post(service, f"{path}/override", {"total": 10, "reason": "录音与纪要不符"}, "manager")
    assert overridden["standing"]["counts_toward_performance"] is False
    assert overridden["score"] == machine
    assert len(overridden["rulings"]) == 2
    trail = get(service, f"/v1/audit?action=followup&subject={found['id']}")["entries"]
    assert [e["action"] for e in trail] == ["followup.overridden", "followup.decided", "followup.appealed"]
    assert get(service, "/v1/audit?action=follow")["entries"] == []


def test_performance_lists_every_follow_up_once(service: ApiService) -> None:
    send(service, 1, GOOD, followup_id="good")
    send(service, 2, OTHER, followup_id="weak")
    voicemail = (("customer", "您拨打的电话暂时无人接听，请在提示音后留言"), ("agent", "喂您好"))
    send(service, 3, voicemail, followup_id="voicemail")
    send(service, 4, GOOD[:4], followup_id="west", salesperson={"id": "s-2", "name": "李雷", "team": "west"})
    service.work()
    settle(service)
    send(service, 5, OTHER[:3], followup_id="open")
    service.work()
    rows = {r["key"]: r for r in get(service, "/v1/performance")["rows"]}
    assert [f["followup_id"] for f in rows["s-1"]["counted"]] == ["good"]
    excluded = {f["followup_id"]: f["reasons"] for f in rows["s-1"]["excluded"]}
    assert set(excluded) == {"weak", "voicemail"}
    assert excluded["voicemail"] == ["no_effective_contact"]
    assert [f["followup_id"] for f in rows["s-1"]["pending"]] == ["open"]
    assert {r["key"] for r in get(service, "/v1/performance?row=team", "manager")["rows"]} == {"east"}
    assert get(service, "/v1/performance?from=2030-01-01")["rows"] == []
    with service.client("manager") as client:
        table = client.get("/v1/performance?format=csv").content.decode("utf-8-sig").splitlines()
    assert len(table) == 5
    assert get(service, rows["s-1"]["counted"][0]["link"])["external_id"] == "good"


def test_stored_scores_recompute_and_re_scores_are_explicit(service: ApiService) -> None:
    send(service, 1, OTHER, followup_id="deal-1")
    service.work()
    settle(service)
    send(service, 2, GOOD, followup_id="deal-1")
    service.work()
    assert get(service, "/v1/score/recompute")["different"] == 0
    before = get(service, "/v1/followups/deal-1")["score"]
    wish = {"followups": ["deal-1"], "reason": "补录通话", "with_late": True}
    listed = post(service, "/v1/score/rescore", wish, "qa")
    assert listed["applied"] is False
    assert listed["crossing"] == 1
    assert get(service, "/v1/followups/deal-1")["score"] == before
    post(service, "/v1/score/rescore", wish | {"apply": True}, "qa")
    after = get(service, "/v1/followups/deal-1/score")
    assert after["score"]["total"] == listed["scores"][0]["after"]["total"] > before["total"]
    assert after["history"][0]["total"] == before["total"]
    assert after["history"][0]["reason"] == "补录通话"
    assert after["state"] == "settled"
    entry = next(e for e in get(service, "/v1/audit")["entries"] if e["action"] == "followup.rescored")
    assert entry["details"]["before"]["total"] == before["total"]
    again = get(service, "/v1/score/recompute?followup=deal-1")
    assert (again["checked"], again["different"]) == (1, 0)


def test_preview_of_a_rubric_says_who_would_cross(service: ApiService) -> None:
    send(service, 1, GOOD, followup_id="good")
    send(service, 2, OTHER, followup_id="weak")
    service.work()
    before = get(service, "/v1/followups/good")["score"]["total"]
    content = get(service, "/v1/rubric")["content"] | {"pass_line": min(100, before + 1)}
    found = post(service, "/v1/rubric/draft/preview", {"content": content}, "qa")
    assert (found["followups"], found["crossing"], found["open_crossing"]) == (2, 1, 1)
    assert (found["scores"][0]["followup_id"], found["scores"][0]["counts_after"]) == ("good", False)
    assert post(service, "/v1/rubric/draft/preview", {}, "qa")["changed"] == 0  # the draft is what is in force
    assert get(service, "/v1/followups/good")["score"]["total"] == before


def test_preview_of_a_lexicon_names_follow_ups_that_would_cross(service: ApiService) -> None:
    """One of two calls, each counted once with both; what is settled is not asked. Publishing and re-tagging then says
    the same."""
    for number, (settled, whole) in enumerate(
        (("settled", GOOD), ("deal", GOOD[:6]), ("deal", GOOD[6:]), ("weak", OTHER))
    ):
        send(service, number, whole, followup_id=settled)
        service.work()
        if settled == "settled":
            settle(service)
    before = {name: get(service, f"/v1/followups/{name}")["score"] for name in ("settled", "deal", "weak")}
    assert [one["counts_toward_performance"] for one in before.values()] == [True, True, False]
    content = get(service, "/v1/lexicon", "qa")["content"]
    kept = ("payment_terms", "competitor")
    draft = {k: v for k, v in content.items() if k != "learned"}
    draft["topics"] = [t for t in content["topics"] if t["id"] in kept]
    run = post(service, "/v1/lexicon/draft/preview", {"from": START, "lexicon": draft, "wait_s": 0}, "qa", 202)
    service.work()
    found = get(service, f"/v1/lexicon/preview/{run['id']}", "qa")
    assert found["state"] == "finished"
    assert found["changed"] >= 3
    [one] = found["followups"]["crossing"]
    assert (one["followup_id"], one["salesperson_id"], one["crosses"]) == ("deal", "s-1", "down")
    assert found["followups"]["crossed_down"] == 1
    assert one["before"] == before["deal"]["total"] >= 60 > one["after"]
    with service.client("admin") as client:
        client.put("/v1/lexicon/draft", json={"content": draft}, headers={"If-Match": "*"})
        published = client.post("/v1/lexicon/draft/publish", json={"author": "王", "note": "n"})
        assert published.status_code in (200, 201), published.text
        client.post("/v1/lexicon/retag", json={})
    service.work()
    after = {name: get(service, f"/v1/followups/{name}")["score"]["total"] for name in before}
    assert after["deal"] == one["after"]
    assert after["settled"] == before["settled"]["total"]
    changed = sum(after[name] != before[name]["total"] for name in before)
    assert found["followups"]["changed"] == changed


def test_an_erased_call_leaves_its_numbers_and_no_words(service: ApiService) -> None:
    settled = send(service, 1, GOOD, followup_id="settled")
    service.work()
    settle(service)
    live = send(service, 2, OTHER, followup_id="open")
    service.work()
    before = get(service, "/v1/followups/settled/score")["score"]
    with service.client("admin") as client:
        for call in (settled, live):
            assert client.delete(f"/v1/calls/{call}").status_code == 204
    with service.client("raw") as client:
        kept = client.get("/v1/followups/settled/score?raw=true").json()
    assert kept["score"] == before
    assert "预算" not in str(kept["snapshot"]["inputs"])
    assert "预算" not in str(kept["explanation"]["components"])
    assert get(service, "/v1/score/recompute?followup=settled")["different"] == 0
    with service.client("admin") as client:
        assert client.get("/v1/followups/open").status_code == 404


def test_an_open_follow_up_goes_with_all_that_it_held(service: ApiService) -> None:
    [first, second] = [send(service, n, OTHER[: n + 2], followup_id="deal-1") for n in (1, 2)]
    told = send(service, 3, OTHER, followup_id="deal-2")
    with service.client("crm") as client:
        assert client.put("/v1/followups/deal-2", json={}).status_code == 200
    service.work()
    internal = get(service, "/v1/followups/deal-1")["id"]
    with service.client("admin") as client:
        client.delete(f"/v1/calls/{first}")
        assert [i["erased"] for i in get(service, "/v1/followups/deal-1")["items"]].count(True) == 1
        client.delete(f"/v1/calls/{second}")
        client.delete(f"/v1/calls/{told}")
        assert client.get("/v1/followups/deal-1").status_code == 404
    assert get(service, "/v1/followups/deal-2")["score"]["total"] == 0  # the CRM spoke of it: it stays
    erased = [e["data"] for e in get(service, "/v1/changes?limit=200")["events"] if e["type"] == "call.erased"]
    assert [e.get("followup_erased") for e in erased] == [None, internal, None]
    assert "deal-1" not in str(get(service, "/v1/changes?limit=200"))
    settle(service)
    again = send(service, 4, OTHER, followup_id="deal-1")
    assert [i["id"] for i in get(service, "/v1/followups/deal-1")["items"]] == [again]


def test_an_episode_after_an_erased_one_is_a_new_one(service: ApiService) -> None:
    days = ("2026-10-01", "2026-10-20", "2026-11-10")
    calls = [send(service, n, OTHER, started_at=f"{day}T10:00:00+08:00") for n, day in enumerate(days)]
    with service.client("admin") as client:
        client.delete(f"/v1/calls/{calls[1]}")
    send(service, 9, OTHER, started_at="2026-10-20T10:00:00+08:00")
    names = sorted(f["external_id"][-2:] for f in get(service, "/v1/followups")["followups"])
    assert names == ["-1", "-3", "-4"]


def test_evidence_is_masked_unless_raw(service: ApiService) -> None:
    phone = "13912345678"
    lines = (*GOOD, ("customer", f"预算审批的事你打我手机{phone}"))
    send(service, 1, lines, followup_id="deal-1")
    service.work()
    with service.client("admin") as client:
        assert phone not in client.get("/v1/followups/deal-1/score").text
        assert client.get("/v1/followups/deal-1/score?raw=true").status_code == 403
    with service.client("raw") as client:
        assert phone in client.get("/v1/followups/deal-1/score?raw=true").text


def test_numbers_are_matched_to_people_then_or_later(service: ApiService) -> None:
    bare = {"salesperson": None, "customer": None, "extension": "8017", "callee": "+86 138-1234-5678"}
    early = send(service, 1, OTHER, **bare)
    with service.client("crm") as client:
        put = client.put("/v1/customers/c-9", json={"name": "蓝天", "industry": "制造", "phones": ["13812345678"]})
        assert put.json()["entry"]["numbers"] == ["138****5678"]
        moved = {"team": "west", "extensions": ["8017"], "valid_from": "2026-12-01T00:00:00+08:00"}
        client.put("/v1/salespeople/s-1", json={"name": "王芳", "team": "east", "extensions": ["8017"]})
        client.put("/v1/salespeople/s-1", json=moved)
    late = send(service, 2, GOOD, **bare | {"started_at": "2026-12-02T10:00:00+08:00"})
    service.work()
    first, second = (get(service, f"/v1/calls/{c}")["metadata"] for c in (early, late))
    assert first["salesperson"] == {"id": "s-1", "name": "王芳", "team": "east"}
    assert second["salesperson"]["team"] == "west"
    assert second["customer"]["id"] == "c-9"
    assert len(get(service, "/v1/salespeople")["entries"]) == 1
