"""What the API answers. Fields may be added; none changes its meaning."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    field: str = Field(examples=["customer.id"])
    problem: str = Field(examples=["this field is required"])


class Problem(BaseModel):
    """Every error: RFC 9457 problem document. Programs look at `code`, people read `detail` and `next_step`."""

    type: str = Field(examples=["urn:speechsvc:error:invalid_input"])
    title: str
    status: int
    code: str = Field(description="stable; see docs/api.md", examples=["invalid_input"])
    detail: str = Field(description="one plain sentence, Chinese or English by Accept-Language")
    next_step: str
    request_id: str | None = Field(description="also in the X-Request-ID header and in the service's log")
    errors: list[FieldProblem] | None = None


class CallLinks(BaseModel):
    """Addresses of everything that belongs to the call."""

    self: str
    transcript: str
    mentions: str
    score: str
    recording: str | None = Field(description="none for texts")


class CallAccepted(BaseModel):
    id: str = Field(examples=["call_01kaqz3n6t4x5w8e9r0t1y2u3i"])
    status: str = Field(examples=["queued"])
    external_id: str
    links: CallLinks


class SalespersonOut(BaseModel):
    id: str
    name: str | None
    team: str | None


class CustomerOut(BaseModel):
    id: str
    name: str | None
    industry: str | None
    region: str | None


class OpportunityOut(BaseModel):
    id: str
    stage: str | None


class MetadataOut(BaseModel):
    """As received; phone numbers masked."""

    external_id: str
    started_at: datetime
    direction: str
    salesperson: SalespersonOut | None
    customer: CustomerOut | None
    caller: str | None = Field(examples=["138****5678"])
    callee: str | None
    extension: str | None
    followup_id: str | None
    opportunity: OpportunityOut | None
    lead_grade: str | None
    channels: dict[str, str] | str | None


class CallError(BaseModel):
    code: str = Field(examples=["no_audio"])
    message: str
    next_step: str | None = None


class SideTalkOut(BaseModel):
    speaker: str = Field(description="agent, customer or unknown")
    seconds: float = Field(description="seconds of speech")
    share: float | None = Field(description="0 to 1, of everybody's speech; null where nobody speaks")
    longest_monologue: float = Field(description="seconds between two contributions of somebody else")
    interruptions: int = Field(description="times this speaker began while the other spoke, and took the turn")
    responses: int = Field(description="turns taken from the other; the response gaps are over these")
    response_gap_median: float | None = Field(description="seconds from the other's last word to the own first")
    response_gap_p90: float | None = Field(description="seconds; nine in ten answers come sooner")
    syllables: int = Field(description="in unsuspect text; a Chinese character is one, a Latin word or number two")
    syllables_per_second: float | None = Field(description="of own speech; null below three seconds of it")
    questions: int = Field(description="sentences that ask, in unsuspect text")


class SilenceOut(BaseModel):
    start: float = Field(description="seconds")
    end: float
    hold: bool = Field(description="15 seconds and longer, or filled with music")
    sound: str | None = Field(description="tone or music, where it fills at least half")


class TalkDetailOut(BaseModel):
    """How the two talked with each other; no score uses it."""

    sides: list[SideTalkOut]
    overlap: float = Field(description="seconds in which more than one speaks")
    before_first_word: float = Field(description="seconds")
    after_last_word: float = Field(description="seconds")
    silences: list[SilenceOut] = Field(description="of three seconds and more, between first and last word")
    longest_silence: float = Field(description="seconds")
    hold: float = Field(description="seconds of all silences that are holds")


class TalkOut(BaseModel):
    """Seconds of real speech, measured on voice activity; for texts on the turns' times."""

    duration: float = Field(description="seconds of the whole call")
    agent: float = Field(description="seconds of speech; overlaps count for each speaker")
    customer: float
    unknown: float
    silence: float = Field(description="seconds in which nobody speaks")
    turns: int = Field(description="changes of speaker plus one")
    customer_turns: int
    longest_monologue: float = Field(description="seconds, of the agent")
    detail: TalkDetailOut | None = Field(None, description="null in analyses of earlier releases")


class EvidenceOut(BaseModel):
    turn: int = Field(description="index of the transcript's segment")
    text: str = Field(description="the words")
    start: float = Field(description="seconds")
    end: float
    reason: str = Field(description="what the words show")


class CallOut(BaseModel):
    """A call or text. Without the permission calls:read the findings (contact, topics, score, versions) are null."""

    id: str
    source: str = Field(description="call, transcript, minutes, chat or email")
    status: str = Field(description="queued, transcribing, analysing, done, partial or failed")
    progress: float = Field(description="0 to 1 within transcribing", ge=0, le=1)
    queue_position: int | None = Field(None, description="jobs before this one while it waits; only in GET /calls/{id}")
    expected_at: datetime | None = Field(
        None,
        description="when recognition is expected to finish, from the measured pace and the audio's length; while "
        "transcribing, and in GET /calls/{id} while queued; null where nothing is known yet",
    )
    metadata: MetadataOut
    received_at: datetime
    finished_at: datetime | None
    duration: float | None = Field(description="seconds of audio decoded")
    size: int | None = Field(description="bytes of the recording")
    sha256: str | None = Field(description="of the recording as uploaded")
    contact: str | None = Field(
        description="effective, voicemail, ivr, wrong_number, refused or no_speech; only effective counts"
    )
    contact_evidence: list[EvidenceOut] | None = Field(
        None, description="the turns that decided `contact`; empty where nobody says a word; only in GET /calls/{id}"
    )
    talk: TalkOut | None = Field(None, description="who spoke how long and how; only in GET /calls/{id}")
    topics: list[str] | None
    score: int | None = Field(description="0 to 100")
    versions: dict[str, str | None] | None = Field(description="lexicon, rubric, engine, transcript")
    revision: int = Field(description="grows with each new analysis")
    warnings: list[str] = Field(description="stable codes, for example channels_identical")
    error: CallError | None
    links: CallLinks


class CallPage(BaseModel):
    calls: list[CallOut]
    cursor: str | None = Field(description="send it back to get the next page; null at the end")


class SegmentOut(BaseModel):
    speaker: str = Field(description="agent, customer or unknown")
    channel: int
    start: float = Field(description="seconds")
    end: float
    text: str
    confidence: float | None
    suspect: list[str] = Field(description="why the words may be invented; such segments never count")


class SpeechOut(BaseModel):
    channel: int
    speaker: str
    start: float = Field(description="seconds")
    end: float


class SoundOut(BaseModel):
    channel: int
    kind: str = Field(description="tone (dial, ring-back, busy, keys, fax) or music; nobody speaks")
    start: float = Field(description="seconds")
    end: float


class RemovedOut(BaseModel):
    channel: int
    start: float = Field(description="seconds")
    end: float


class TranscriptOut(BaseModel):
    call_id: str
    segments: list[SegmentOut]
    duration: float
    language: str
    model: dict[str, Any]
    warnings: list[str]
    partial: bool = Field(description="the recording ended before its declared length")
    speech: list[SpeechOut] = Field(description="where voice activity was heard; talk time is measured on it")
    sounds: list[SoundOut] = Field(description="tones and music, heard between or instead of speech")
    removed: list[RemovedOut] = Field(
        description="silence that was cut out before recognition, by channel; empty in transcripts of earlier releases"
    )


class MentionOut(BaseModel):
    """`start_char` and `end_char` index Unicode code points of `sentence`."""

    id: str
    call_id: str
    topic: str = Field(examples=["budget_approval"])
    turn: int = Field(description="index of the transcript's segment")
    speaker: str
    polarity: str = Field(description="affirmed or negated")
    text: str
    start_char: int
    end_char: int
    start: float = Field(description="seconds")
    end: float
    entry: str = Field(description="lexicon entry that matched")
    match: str = Field(description="exact, variant, homophone, pattern or learned")
    reason: str
    suspect: bool
    counts: bool = Field(description="affirmed and not suspect; the heatmap also asks for an effective call")
    sentence: str


class CallMentions(BaseModel):
    call_id: str
    mentions: list[MentionOut]


class CallBrief(BaseModel):
    id: str
    external_id: str
    source: str
    started_at: datetime
    salesperson: SalespersonOut | None
    customer: CustomerOut | None
    links: CallLinks


class FoundMention(MentionOut):
    call: CallBrief | None


class MentionPage(BaseModel):
    mentions: list[FoundMention]
    cursor: str | None


class HeatmapTopic(BaseModel):
    id: str
    name: str
    name_zh: str


class HeatmapCell(BaseModel):
    calls: int
    share: float
    mentions: float
    seconds: float
    value: float = Field(description="in the asked measure")
    mentions_url: str


class HeatmapRow(BaseModel):
    key: str
    label: str
    calls: int = Field(description="effective calls")
    unknown_share: float = Field(description="part of the speech by unknown speakers, which is left out")
    cells: dict[str, HeatmapCell] = Field(description="by topic id; topics without a mention are absent")


class HeatmapOut(BaseModel):
    row: str
    measure: str
    speaker: str
    sources: list[str]
    definition: str
    definition_zh: str
    topics: list[HeatmapTopic]
    rows: list[HeatmapRow]


class ContactOut(BaseModel):
    outcome: str
    evidence: list[EvidenceOut]


class NextStepOut(BaseModel):
    agreed: bool
    has_time: bool
    has_owner: bool
    evidence: list[EvidenceOut]


class ScoreOut(BaseModel):
    """A call's score is for coaching; only follow-ups count towards performance."""

    call_id: str
    revision: int
    score: dict[str, Any] = Field(description="total, counts_toward_performance, components, gates, left_out")
    talk: TalkOut
    contact: ContactOut
    next_step: NextStepOut
    versions: dict[str, str | None]
    snapshot: dict[str, Any] | None = Field(None, description="frozen inputs of the score; only with raw=true")


class EventOut(BaseModel):
    id: str
    version: int = Field(description="of the payload's schema")
    seq: int
    type: str
    timestamp: datetime
    subject: str
    data: dict[str, Any]


class ChangePage(BaseModel):
    events: list[EventOut]
    cursor: str = Field(description="store it and send it next time, also when there was nothing new")
    more: bool = Field(description="whether another page can be read at once")


class WebhookOut(BaseModel):
    id: str
    url: str
    event_types: list[str] = Field(description="empty: all")
    enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None = Field(description="first failed try since the last success")
    secret_overlap_until: datetime | None = Field(
        description="until then the secret before the last rotation signs too"
    )
    created_at: datetime


class WebhookCreated(WebhookOut):
    secret: str = Field(description="shown this once; verify signatures with it", examples=["whsec_..."])


class WebhookList(BaseModel):
    webhooks: list[WebhookOut]


class AttemptOut(BaseModel):
    at: datetime
    status: int | None = Field(description="HTTP status; null when no answer came")
    error: str | None
    response: str | None = Field(description="the first 500 characters")
    seconds: float


class DeliveryOut(BaseModel):
    id: str
    event_id: str
    event_seq: int
    event_type: str
    state: str = Field(description="pending, delivered or failed")
    created_at: datetime
    next_at: datetime | None
    attempts: list[AttemptOut]


class DeliveryPage(BaseModel):
    deliveries: list[DeliveryOut]
    cursor: str | None


class AuditOut(BaseModel):
    at: datetime
    actor: str = Field(description="key id")
    action: str = Field(examples=["recording.read_raw"])
    subject: str
    details: dict[str, Any]


class AuditPage(BaseModel):
    entries: list[AuditOut]
    cursor: str | None


class Health(BaseModel):
    status: str = "ok"
    version: str


class Check(BaseModel):
    name: str = Field(description="database, recordings, broker or workers.<queue>")
    ok: bool
    code: str | None = None
    problem: str | None = None


class Readiness(BaseModel):
    ready: bool
    checks: list[Check]
