"""Domain values as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from speechsvc.api import schemas as s
from speechsvc.api.route import Caller
from speechsvc.domain.access import Permission
from speechsvc.domain.analysis import TurnEvidence, Versions
from speechsvc.domain.call import Call, CallMetadata, CallStatus, Source
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.webhook import Attempt, Delivery, Endpoint
from speechsvc.errors import told_again
from speechsvc.ports import Analysis, StoredMention

_UNHEARD = (CallStatus.QUEUED, CallStatus.TRANSCRIBING)


def accepted(caller: Caller, call: Call) -> s.CallAccepted:
    return s.CallAccepted(
        id=call.id, status=call.status.value, external_id=call.metadata.external_id, links=links(caller, call)
    )


def links(caller: Caller, call: Call) -> s.CallLinks:
    own = caller.link(f"/v1/calls/{call.id}")
    return s.CallLinks(
        self=own,
        transcript=f"{own}/transcript",
        mentions=f"{own}/mentions",
        score=f"{own}/score",
        recording=f"{own}/recording" if call.source is Source.CALL else None,
    )


def call_out(caller: Caller, call: Call, queue_position: int | None = None) -> s.CallOut:
    """The findings only for those who may read them: an uploader sees that a call exists and how far it is."""
    reads = caller.principal.may(Permission.CALLS_READ)
    return s.CallOut(
        id=call.id,
        source=call.source.value,
        status=call.status.value,
        progress=min(1.0, max(0.0, call.progress)),
        queue_position=queue_position,
        expected_at=call.expected_at if call.status in _UNHEARD else None,
        metadata=metadata_out(call.metadata),
        received_at=call.received_at,
        finished_at=call.finished_at,
        duration=call.duration,
        size=call.recording.size if call.recording else None,
        sha256=call.recording.sha256 if call.recording else None,
        contact=call.contact if reads else None,
        topics=list(call.topics) if reads else None,
        score=call.score if reads else None,
        versions=dict(call.versions) if reads else None,
        revision=call.analysis_revision,
        warnings=list(call.warnings),
        error=_error(call, caller.language),
        links=links(caller, call),
    )


def add_findings(shown: s.CallOut, analysis: Analysis) -> None:
    """What only the call's own address tells: how the two talked, and which turns decided the contact outcome."""
    shown.talk = talk_out(analysis.talk)
    shown.contact_evidence = _evidence(analysis.tagging.contact.evidence)


def talk_out(talk: TalkMetrics) -> s.TalkOut:
    return s.TalkOut.model_validate(asdict(talk))


def metadata_out(metadata: CallMetadata) -> s.MetadataOut:
    values: dict[str, Any] = asdict(metadata)
    values["caller"] = mask_phone(metadata.caller)
    values["callee"] = mask_phone(metadata.callee)
    return s.MetadataOut.model_validate(values)


def mask_phone(number: str | None) -> str | None:
    """138****5678; of a short number only the last two digits stay."""
    if number is None:
        return None
    first, last = (3, 4) if len(number) >= 11 else (0, min(2, len(number) // 2))
    return number[:first] + "*" * (len(number) - first - last) + number[len(number) - last :]


def _error(call: Call, language: str) -> s.CallError | None:
    """The stored sentence is English; the Chinese one is the error class's, where it needs no details."""
    if call.error_code is None:
        return None
    message, step = told_again(call.error_code, call.error, language)
    return s.CallError(code=call.error_code, message=message, next_step=step)


def mention_out(stored: StoredMention) -> s.MentionOut:
    return s.MentionOut.model_validate(_mention(stored))


def found_mention(caller: Caller, stored: StoredMention) -> s.FoundMention:
    call = stored.call
    brief = None
    if call is not None:
        shown = metadata_out(call.metadata)
        brief = s.CallBrief(
            id=call.id,
            external_id=shown.external_id,
            source=call.source.value,
            started_at=shown.started_at,
            salesperson=shown.salesperson,
            customer=shown.customer,
            links=links(caller, call),
        )
    return s.FoundMention.model_validate(_mention(stored) | {"call": brief})


def _mention(stored: StoredMention) -> dict[str, Any]:
    mention = stored.mention
    return asdict(mention) | {
        "id": stored.id,
        "call_id": stored.call_id,
        "counts": mention.counts,
        "sentence": stored.sentence,
    }


def score_out(call: Call, analysis: Analysis, *, raw: bool) -> s.ScoreOut:
    tagging = analysis.tagging
    return s.ScoreOut(
        call_id=call.id,
        revision=call.analysis_revision,
        score=analysis.score,
        talk=talk_out(analysis.talk),
        contact=s.ContactOut(outcome=tagging.contact.outcome.value, evidence=_evidence(tagging.contact.evidence)),
        next_step=s.NextStepOut(
            agreed=tagging.next_step.agreed,
            has_time=tagging.next_step.has_time,
            has_owner=tagging.next_step.has_owner,
            evidence=_evidence(tagging.next_step.evidence),
        ),
        versions=versions_out(analysis.versions),
        snapshot=analysis.snapshot if raw else None,
    )


def versions_out(versions: Versions) -> dict[str, str | None]:
    return dict(asdict(versions))


def _evidence(evidence: tuple[TurnEvidence, ...]) -> list[s.EvidenceOut]:
    return [s.EvidenceOut.model_validate(asdict(e)) for e in evidence]


def webhook_out(endpoint: Endpoint) -> s.WebhookOut:
    return s.WebhookOut.model_validate(asdict(endpoint))


def attempt_out(attempt: Attempt) -> s.AttemptOut:
    return s.AttemptOut.model_validate(asdict(attempt))


def delivery_out(delivery: Delivery) -> s.DeliveryOut:
    return s.DeliveryOut.model_validate(asdict(delivery))
