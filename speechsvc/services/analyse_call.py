"""The text stage: transcript to mentions, contact, talk time, score, heatmap facts and event, in one commit.

Reads only what the speech stage stored, so it can run again on its own with a newer lexicon.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from speechsvc.domain.call import Call, CallStatus, Source
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.facts import TopicFact, topic_facts
from speechsvc.domain.job import Job
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.talk_rules import measure_talk, measure_talk_from_turns
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import Analyser, Analysis, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.publish_event import call_identity, publish_event
from speechsvc.services.score_followup import call_analysed, publish


class TranscriptMissing(SpeechsvcError):
    """There is no stored transcript to analyse."""

    code = "transcript_missing"
    zh = "没有可供分析的转写文本。"
    advice, advice_zh = "Erase the call and upload it again.", "请删除该通话后重新上传。"


class AnalyserUnavailable(SpeechsvcError):
    """The analysis cannot start: {problem}"""

    code, status, permanent = "analyser_unavailable", 503, False
    zh = "无法开始分析：{problem}"
    advice = "Correct the lexicon or the rubric; 'speechsvc lexicon check' names the place. Waiting calls then go on."
    advice_zh = "请更正词典或评分规则（'speechsvc lexicon check' 会指出位置）；等待中的通话随后自动继续。"


def analyse_call(core: Core, job: Job) -> None:
    """Raises StaleLease, or what the analyser raises."""
    with core.db.tenant(job.tenant_id, write=False) as uow:
        call = uow.calls.get(job.subject)
        transcript = uow.transcripts.get(job.subject)
    if transcript is None:
        raise TranscriptMissing
    analysis = analyse_transcript(core, job.tenant_id, call, transcript)
    _store(core, job, call, transcript, analysis)
    core.wake()


def analyse_transcript(core: Core, tenant_id: str, call: Call, transcript: Transcript) -> Analysis:
    """Pure in its inputs and the analyser's versions: the same again gives the same."""
    conversation = transcript.conversation(call.id)
    analyser = _analyser(core, tenant_id)
    tagging = analyser.tag(conversation)
    talk = _talk(call, transcript, conversation)
    score, snapshot = analyser.score(conversation, tagging, talk)
    return Analysis(
        tagging=tagging,
        talk=talk,
        score=score,
        snapshot=snapshot,
        versions=replace(analyser.versions, transcript=_model_name(transcript)),
        facts=topic_facts(conversation, tagging.mentions),
    )


def _analyser(core: Core, tenant_id: str) -> Analyser:
    """A broken lexicon is the operator's mistake: no call may fail for it."""
    try:
        return core.analyser(tenant_id)
    except SpeechsvcError as error:
        if error.status >= 500:  # the database, not the lexicon
            raise
        raise AnalyserUnavailable(problem=str(error)) from error


def _talk(call: Call, transcript: Transcript, conversation: Conversation) -> TalkMetrics:
    """Measured on voice activity where there was audio, on turns' times elsewhere."""
    if call.source is Source.CALL:
        return measure_talk(transcript.speech, transcript.duration, conversation=conversation, sounds=transcript.sounds)
    return measure_talk_from_turns(conversation)


def _model_name(transcript: Transcript) -> str | None:
    return transcript.model.get("version") or transcript.model.get("name")


def _store(core: Core, job: Job, call: Call, transcript: Transcript, analysis: Analysis) -> None:
    status = CallStatus.PARTIAL if transcript.partial else CallStatus.DONE
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.finish(job)
        data = save_analysis(core, uow, call, status, analysis)
        told = call_analysed(core, uow, call.id, analysis)
        publish_event(uow, "call.analysed", call.id, data)
        publish(uow, told)
        uow.commit()


def save_analysis(core: Core, uow: UnitOfWork, call: Call, status: CallStatus, analysis: Analysis) -> dict[str, Any]:
    """Makes it the call's newest revision; returns what `call.analysed` then tells. Raises NotFound."""
    revision = uow.analyses.save(call.id, analysis)
    uow.calls.update(
        call.id,
        status=status,
        progress=1.0,
        finished_at=core.clock.now(),
        contact=analysis.tagging.contact.outcome.value,
        score=analysis.score["total"],
        topics=tuple(sorted({f.topic for f in analysis.facts})),
        versions=_versions(analysis),
        analysis_revision=revision,
        error_code=None,
        error=None,
    )
    return _event(call, status, analysis, revision)


def _versions(analysis: Analysis) -> dict[str, str | None]:
    v = analysis.versions
    return {"lexicon": v.lexicon, "rubric": v.rubric, "engine": v.engine, "transcript": v.transcript}


def _event(call: Call, status: CallStatus, analysis: Analysis, revision: int) -> dict[str, Any]:
    return {
        **call_identity(call),
        "status": status.value,
        "revision": revision,
        "contact": analysis.tagging.contact.outcome.value,
        "score": {
            "total": analysis.score["total"],
            "counts_toward_performance": analysis.score["counts_toward_performance"],
        },
        "topics": [_topic(f) for f in analysis.facts],
        "versions": _versions(analysis),
    }


def _topic(fact: TopicFact) -> dict[str, Any]:
    return {"topic": fact.topic, "speaker": fact.speaker, "mentions": fact.mentions, "seconds": fact.seconds}
