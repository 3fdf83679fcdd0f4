"""The learned next step: evidence for every finding, a switch, one file for the same calls, a version to name it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from speechsvc.domain.analysis import NextStep
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.followup_score import redact
from speechsvc.domain.score import ScoreInputs
from speechsvc.domain.scoring import collect_inputs, recompute, score
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.resources import bundled
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.contact import find_contact
from speechsvc.tagging.evaluate import LabelledCall, read_labelled_calls
from speechsvc.tagging.learned.next_step_train import Options, TooFewNextSteps, train_next_step
from speechsvc.tagging.lexicon_file import parse_lexicon
from speechsvc.tagging.next_step import find_next_step
from speechsvc.tagging.next_step_judge import LEAST_STRETCHES, NextStepJudge
from speechsvc.tagging.next_step_model import FILE, NextStepModelInvalid, bundled_model, load_model, write_model
from speechsvc.tagging.rubric_file import load_rubric
from speechsvc.tagging.version import CODE
from tests.unit.test_contact import conversation

GOLD = Path(__file__).parents[1] / "gold"
# the customer says no to nothing and sets no date, but leaves it to a visit: no phrase is known for it
TALK = ["a|您好", "c|你好你说", "a|我们做设备联网的", "c|我知道你们", "a|您那边几台机器", "c|十二台注塑机"]


@cache
def judge() -> NextStepJudge:
    return NextStepJudge()


@cache
def development() -> tuple[LabelledCall, ...]:
    calls = [c for name in ("dev", "w1", "w4", "endings") for c in read_labelled_calls(GOLD / f"{name}.jsonl")]
    return tuple(c for c in calls if c.contact in (None, "effective"))


def parted() -> tuple[list[Conversation], list[Conversation]]:
    """Calls where only the model finds a next step, and calls where only the phrases do."""
    said = [c.conversation for c in development()]
    pairs = [(s, find_next_step(s).agreed, judge().find(s).agreed) for s in said]
    return [s for s, rules, model in pairs if model > rules], [s for s, rules, model in pairs if rules > model]


def spoken(talk: Conversation, step: NextStep) -> bool:
    """Whether all evidence stands in the call, and so do the phrases it names."""
    words = "".join(turn.text for turn in talk.turns)
    quoted = [e.reason.partition(": ")[2] for e in step.evidence if "learned" in e.reason or "against" in e.reason]
    named = [phrase for q in quoted for phrase in q.split(", ") if phrase]
    return all(part in words for e in step.evidence for part in e.text.split(" ")) and all(p in words for p in named)


def test_every_finding_has_its_evidence() -> None:
    for call in development():
        step = judge().find(call.conversation)
        assert bool(step.evidence) == (step.agreed or find_next_step(call.conversation).agreed)
        assert spoken(call.conversation, step)
        assert not (step.has_time or step.has_owner) or step.agreed


def test_only_the_model_says_yes() -> None:
    found, _ = parted()
    assert len(found) > 20
    for talk in found:
        step = judge().find(talk)
        (mine,) = [e for e in step.evidence if e.reason.startswith("customer agrees, learned from judged calls")]
        assert talk.turns[mine.turn].speaker.value != "agent"
        assert mine.turn >= len(talk.turns) - 2 * LEAST_STRETCHES


def test_only_the_phrases_say_yes() -> None:
    _, denied = parted()
    assert len(denied) > 20
    for talk in denied:
        step, rules = judge().find(talk), find_next_step(talk)
        assert not step.agreed
        (against,) = [e for e in step.evidence if "speaks against an agreement" in e.reason]
        assert talk.turns[against.turn].speaker.value != "agent"
        assert {e.turn for e in step.evidence} == {e.turn for e in rules.evidence} | {against.turn}
        assert all("not counted" in e.reason for e in step.evidence if e.turn in {r.turn for r in rules.evidence})


def test_where_both_agree_the_phrases_give_the_evidence() -> None:
    same = [c.conversation for c in development() if judge().find(c.conversation).agreed]
    same = [talk for talk in same if find_next_step(talk).agreed]
    assert len(same) > 100
    assert all(judge().find(talk) == find_next_step(talk) for talk in same)


def test_switched_off_the_phrases_alone_decide() -> None:
    off = NextStepJudge(learned=False)
    assert all(off.find(c.conversation) == find_next_step(c.conversation) for c in development())
    assert any(judge().find(c.conversation).agreed != find_next_step(c.conversation).agreed for c in development())


def test_short_talk_and_one_sided_talk_are_left_to_the_phrases() -> None:
    willing = replace(bundled_model(), bias=10**6)  # says yes to everything it is asked about
    always = NextStepJudge(model=willing)
    assert not always.find(conversation(*TALK)).agreed
    assert always.find(conversation(*TALK, "a|嗯嗯", "c|就这样")).agreed
    assert not always.find(conversation(*(f"c|第{i}句" for i in "一二三四五六七八九"))).agreed
    assert not always.find(conversation(*(f"u|第{i}句" for i in "一二三四五六七八九"))).agreed
    assert not always.find(conversation(*(f"a|第{i}句" for i in "一二三四五六七八九"))).agreed


def test_suspect_words_count_nowhere() -> None:
    lines = [*TALK, "a|那我周三上午过去看看您看行吗", "c|行你来吧我在厂里"]
    assert judge().find(conversation(*lines)).agreed
    invented = conversation(*lines, suspect=(7,))
    assert judge().find(invented) == judge().find(conversation(*lines[:-1]))


def test_the_engine_version_names_the_model() -> None:
    lexicon = parse_lexicon(
        {"name": "s", "version": 1, "topics": [{"id": "t", "name": "t", "entries": [{"term": "报价"}]}]}
    )
    on, off = (LexiconAnalyser(lexicon, load_rubric(), learned=learned).versions.engine for learned in (True, False))
    assert f"-next{bundled_model().digest[:8]}-" in on
    assert "-nextoff-" in off
    assert on.startswith(f"tagger-{CODE}+")
    other = replace(bundled_model(), bias=bundled_model().bias + 1)
    assert other.digest != bundled_model().digest
    assert replace(other, bias=other.bias - 1, trained={}).digest == bundled_model().digest


def test_reasons_quote_words_only_and_lose_them_with_an_erased_call() -> None:
    quoted = 0
    for talk in (t for side in parted() for t in side):
        inputs = collect_inputs(talk, [], find_contact(talk), judge().find(talk), measure_talk_from_turns(talk))
        phrases = [p for f in inputs.calls[0].next_step_evidence for p in f.note.partition(": ")[2].split(", ") if p]
        quoted += len(phrases)
        assert not any(c.isascii() for p in phrases for c in p)
        (call,) = redact(inputs.to_dict(), talk.call_id)["calls"]
        assert all(f["text"] == "" and ": " not in f["note"] for f in call["next_step_evidence"])
    assert quoted > 200
    number = [*TALK, "a|我电话一三八零零一三八零零零您记一下", "c|我的是一三九一二三四五六七八微信zhang88你加我"]
    always = NextStepJudge(model=replace(bundled_model(), bias=10**6))
    reasons = " ".join(e.reason for e in always.find(conversation(*number)).evidence)
    assert not any(run in reasons for run in ("一三", "三九", "四五", "zh", "88"))


def test_denied_consent_is_explained_in_the_score_and_recomputes() -> None:
    _, denied = parted()
    for talk in denied[:10]:
        contact, step, measured = find_contact(talk), judge().find(talk), measure_talk_from_turns(talk)
        inputs = collect_inputs(talk, [], contact, step, measured)
        result = score(inputs, load_rubric())
        (part,) = [c for c in result.components if c.id == "next_step"]
        assert part.points == 0
        assert "outweighed" in part.reason_en
        assert "不算数" in part.reason_zh
        assert {f.turn for f in part.evidence} == {e.turn for e in step.evidence}
        stored = json.loads(json.dumps(inputs.to_dict(), ensure_ascii=False))
        assert recompute(stored, load_rubric()) == result
        assert ScoreInputs.from_dict(stored) == inputs


def test_the_same_calls_give_the_same_file(tmp_path: Path) -> None:
    calls = list(development()[:200])
    write_model(tmp_path / "a.json", train_next_step(calls, Options(folds=2)))
    random.Random(3).shuffle(calls)
    write_model(tmp_path / "b.json", train_next_step(calls, Options(folds=2)))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert load_model(tmp_path / "a.json").digest == train_next_step(calls, Options(folds=2)).digest
    code = (
        "import sys; from pathlib import Path; from tests.unit import test_next_step_model as t\n"
        "t.write_model(Path(sys.argv[1]), t.train_next_step(list(t.development()[:200]), t.Options(folds=2)))"
    )
    env = os.environ | {"PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "c.json")], check=True, env=env)
    assert (tmp_path / "c.json").read_bytes() == (tmp_path / "a.json").read_bytes()


@pytest.mark.slow
def test_the_bundled_file_is_what_training_gives() -> None:
    """Up to one unit of a weight: libraries of linear algebra differ in the last digit."""
    names = ("dev", "w1", "w2", "w3", "w4", "w5", "endings")
    again = train_next_step([c for n in names for c in read_labelled_calls(GOLD / f"{n}.jsonl")], Options())
    here = bundled_model()
    assert again.trained["data"] == here.trained["data"]
    for kind, figures in again.trained["cross_validated"].items():
        assert figures["right"] == pytest.approx(here.trained["cross_validated"][kind]["right"], abs=0.01)
    for field, weights in again.fields.items():
        mine = here.fields[field]
        assert all(abs(weights.get(g, 0) - mine.get(g, 0)) <= 1 for g in weights.keys() | mine.keys())
    assert all(abs(again.facts[fact] - here.facts[fact]) <= 1 for fact in again.facts)
    assert abs(again.bias - here.bias) <= 1


def test_it_is_worth_its_place() -> None:
    """Cross-validated over stories: better than the phrases on whole calls, long ones and endings."""
    measured = bundled_model().trained["cross_validated"]
    for kind in ("whole calls", "whole calls of 20 turns and more", "endings"):
        assert measured[kind]["right"] >= measured[kind]["phrases_right"] + 0.02
    assert measured["whole calls of 20 turns and more"]["right"] >= 0.93


def test_too_few_calls_are_refused() -> None:
    with pytest.raises(TooFewNextSteps) as refused:
        train_next_step(development()[:20], Options())
    assert "20" in refused.value.message("zh")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "speechsvc-next-step-0"}, "format"),
        ({"facts": {"agreed": 1}}, "facts"),
        ({"fields": {"customer": {}}}, "fields"),
        ({"fields": {"customer": [], "agent": {}, "last": {}}}, "fields"),
        ({"bias": 0.5}, "whole numbers"),
        ({"bias": True}, "whole numbers"),
        ({"fields": {"customer": {"好": 10**7}, "agent": {}, "last": {}}}, "whole numbers"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    data = json.loads((bundled("lexicons") / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps(data | change), encoding="utf-8")
    with pytest.raises(NextStepModelInvalid, match=problem):
        load_model(tmp_path / FILE)
    (tmp_path / FILE).write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(NextStepModelInvalid, match="JSON"):
        load_model(tmp_path / FILE)
