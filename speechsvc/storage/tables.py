"""All tables. `tenant_id` leads every primary key; `jobs` alone is keyed by its queue position, see there.

Columns that lists and heatmaps filter on are columns; what is only ever read whole is JSON (compressed when long).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from speechsvc.storage.types import Json, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _tenant() -> Column[str]:
    return Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True)


def _of_call() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "call_id"], ["calls.tenant_id", "calls.id"], ondelete="CASCADE")


tenants = Table(
    "tenants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("language", Text),  # of its calls; none: the installation's
    Column("documents", Text),  # whether it feeds them: auto, on, off; none: the installation's rule
    Column("minutes", Text),
    Column("event_seq", BigInteger, nullable=False, server_default="0"),  # last number given out in the feed
    Column("created_at", UtcDateTime, nullable=False),
)

recognition_pace = Table(  # of machines, not of tenants
    "recognition_pace",
    metadata,
    Column("host", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("profile", Text, primary_key=True),
    Column("factor", Double, nullable=False),
    Column("call_s", Double, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("audio_s", Double, nullable=False),
    Column("work_s", Double, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

secrets = Table(  # of the installation, not of a tenant: for example the key that signs cookies
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("key_sha256", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("raw", Boolean, nullable=False),
    Column("teams", Json, nullable=False),
    Column("salesperson_id", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

calls = Table(
    "calls",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("external_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("local_week", Text, nullable=False),  # 2026-W48 in the tenant's time zone
    Column("received_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("salesperson_id", Text),
    Column("salesperson_name", Text),
    Column("team", Text),
    Column("customer_id", Text),
    Column("customer_name", Text),
    Column("industry", Text),
    Column("region", Text),
    Column("opportunity_id", Text),
    Column("stage", Text),
    Column("caller", Text),
    Column("callee", Text),
    Column("extension", Text),
    Column("followup_id", Text),
    Column("lead_grade", Text),
    Column("channels", Json),
    Column("blob", Text),
    Column("sha256", Text),
    Column("size", BigInteger),
    Column("media_type", Text),
    Column("playback_blob", Text),
    Column("playback_sha256", Text),
    Column("playback_size", BigInteger),
    Column("playback_media_type", Text),
    Column("progress", Double, nullable=False),
    Column("expected_at", UtcDateTime),  # finish of recognition, as the worker expects it
    Column("duration", Double),
    Column("contact", Text),
    Column("score", Integer),
    Column("topics", Json, nullable=False),
    Column("error_code", Text),
    Column("error", Text),
    Column("versions", Json, nullable=False),
    Column("warnings", Json, nullable=False),
    Column("analysis_revision", Integer, nullable=False),
    Column("from_crm", Json),  # which of stage and lead_grade the CRM's events filled in: later events may correct them
    UniqueConstraint("tenant_id", "external_id"),
    Index(None, "tenant_id", "received_at", "id"),
    Index(None, "tenant_id", "started_at"),
    Index(None, "tenant_id", "customer_id"),
    Index(None, "tenant_id", "salesperson_id"),
    Index(None, "tenant_id", "opportunity_id"),
    Index(None, "tenant_id", "followup_id"),
    Index(None, "blob"),
    Index(None, "playback_blob"),
)

transcripts = Table(
    "transcripts",
    metadata,
    _tenant(),
    Column("call_id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # zlib-compressed JSON
    _of_call(),
)

analyses = Table(
    "analyses",
    metadata,
    _tenant(),
    Column("call_id", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("speech_s", Double, nullable=False),  # all speakers
    Column("unknown_s", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),  # zlib-compressed JSON
    _of_call(),
)

traces = Table(  # numbers that the tagger left for comparisons of lexicons; analyses of earlier releases have none
    "traces",
    metadata,
    _tenant(),
    Column("call_id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    _of_call(),
)

mentions = Table(
    "mentions",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("call_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("speaker", Text, nullable=False),
    Column("polarity", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("start_char", Integer, nullable=False),
    Column("end_char", Integer, nullable=False),
    Column("start_s", Double, nullable=False),
    Column("end_s", Double, nullable=False),
    Column("entry", Text, nullable=False),
    Column("match", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("suspect", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),  # affirmed and unsuspect
    _of_call(),
    Index(None, "tenant_id", "call_id", "turn"),
    Index(None, "tenant_id", "topic"),
)

facts = Table(  # what the heatmap sums: one row for a call, topic and speaker
    "facts",
    metadata,
    _tenant(),
    Column("call_id", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("speaker", Text, primary_key=True),
    Column("mentions", Integer, nullable=False),  # counting stretches, see domain.facts
    Column("seconds", Double, nullable=False),
    _of_call(),
    Index(None, "tenant_id", "topic"),
)

# Workers take jobs over all tenants in the order of `id`, so the id alone is the key. Times are seconds since 1970 by
# the database's clock. Done and dead jobs stay, and the partial index keeps them out of the workers' way.
_OPEN = text("state IN ('ready', 'leased')")
jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("lease_until", Double),
    Column("announced_until", Double, nullable=False),
    Column("error_code", Text),
    Column("error", Text),
    Index("ix_jobs_open", "kind", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "tenant_id", "subject"),
    Index(None, "state"),
    sqlite_autoincrement=True,  # an id is never used twice, so an old token cannot fit a new job
)

events = Table(
    "events",
    metadata,
    _tenant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("data", Json, nullable=False),
    Column("lane", Text, nullable=False, server_default=""),  # what webhooks keep in order, see domain.event.lane_of
    UniqueConstraint("tenant_id", "id"),
    Index(None, "tenant_id", "subject"),
    Index(None, "tenant_id", "occurred_at"),
)

endpoints = Table(
    "webhook_endpoints",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),  # signs with HMAC, so it cannot be a hash
    Column("previous_secret", Text),  # signs too, until previous_until
    Column("previous_until", UtcDateTime),
    Column("failing_since", UtcDateTime),  # first failed try since the last success
    Column("event_types", Json, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("created_at", UtcDateTime, nullable=False),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("endpoint_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_seq", BigInteger, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("lane", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime),
    ForeignKeyConstraint(
        ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"], ondelete="CASCADE"
    ),
    UniqueConstraint("tenant_id", "endpoint_id", "event_id"),
    Index(None, "tenant_id", "endpoint_id", "created_at", "id"),
    Index(None, "tenant_id", "event_seq"),
    Index(None, "tenant_id", "endpoint_id", "lane", "event_seq"),
)

attempts = Table(
    "webhook_attempts",
    metadata,
    _tenant(),
    Column("delivery_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, ...
    Column("at", UtcDateTime, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("response", Text),
    Column("seconds", Double, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "delivery_id"], ["webhook_deliveries.tenant_id", "webhook_deliveries.id"], ondelete="CASCADE"
    ),
)

audit = Table(
    "audit",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Json, nullable=False),
)

uploads = Table(  # recordings that arrive in pieces
    "uploads",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),  # whoever adds a piece moves it on, under the condition that it fits
    Column("metadata", Json),
    Column("header", Text),
    Column("call_id", Text),  # no foreign key: the upload may be asked about after its call was erased
    Column("refused", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "tenant_id", "expires_at"),
)

upload_parts = Table(
    "upload_parts",
    metadata,
    _tenant(),
    Column("upload_id", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # bytes before it
    Column("size", BigInteger, nullable=False),
    Column("blob", Text, nullable=False),
    ForeignKeyConstraint(["tenant_id", "upload_id"], ["uploads.tenant_id", "uploads.id"], ondelete="CASCADE"),
    Index(None, "blob"),
)

rulesets = Table(  # published versions of lexicon and rubric
    "rulesets",
    metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("base", Text),  # digest in ruleset_bases
    Column("restored_from", Integer),
    Column("body", LargeBinary, nullable=False),  # zlib-compressed JSON
)

ruleset_drafts = Table(  # the row stays when the draft is published or dropped: its revision never goes back
    "ruleset_drafts",
    metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),
    Column("revision", Integer, nullable=False),  # moved on under the condition that the writer has seen it
    Column("based_on", Integer, nullable=False),
    Column("base", Text),
    Column("conflicts", Json, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary),
)

ruleset_bases = Table(  # defaults that tenants' content came from: a release replaces the one that travels with it
    "ruleset_bases",
    metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# The candidate index (docs/workbench.md): blocks of calls, and for each block and first syllable the calls' places.
index_blocks = Table(
    "index_blocks",
    metadata,
    _tenant(),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes of postings
)

index_places = Table(  # no foreign key to the block: an erased call's block is dropped with all its places
    "index_places",
    metadata,
    _tenant(),
    Column("call_id", Text, primary_key=True),
    Column("block", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    _of_call(),
    Index(None, "tenant_id", "block"),
)

index_postings = Table(
    "index_postings",
    metadata,
    _tenant(),
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    ForeignKeyConstraint(["tenant_id", "block"], ["index_blocks.tenant_id", "index_blocks.block"], ondelete="CASCADE"),
)

runs = Table(  # previews and re-tagging
    "runs",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("where", Json, nullable=False),
    Column("request", Json, nullable=False),
    Column("position", Text),
    Column("counts", Json, nullable=False),
    Column("summary", Json, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("error_code", Text),
    Index(None, "tenant_id", "kind", "created_at"),
)

run_calls = Table(  # what a run found in single calls: gone when the call is erased
    "run_calls",
    metadata,
    _tenant(),
    Column("run_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("call_id", Text, nullable=False),
    Column("body", Json, nullable=False),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
    _of_call(),
    Index(None, "tenant_id", "call_id"),
)

marks = Table(  # what people say about mentions; kept when a call is analysed again
    "marks",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("call_id", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("polarity", Text),
    Column("start_char", Integer, nullable=False),
    Column("end_char", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("entry", Text),
    Column("lexicon", Text),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("tenant_id", "call_id", "turn", "topic"),
    _of_call(),
    Index(None, "tenant_id", "created_at", "id"),
    Index(None, "tenant_id", "entry"),
)

crm_events = Table(  # what the CRM told, by its own event ids; texts of minutes are not kept here
    "crm_events",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("digest", Text, nullable=False),  # of the whole event: the same id with another one is a conflict
    Column("lead_id", Text),
    Column("opportunity_id", Text),
    Column("followup_id", Text),
    Column("data", Json, nullable=False),
    Index(None, "tenant_id", "type", "occurred_at"),
    Index(None, "tenant_id", "lead_id"),
    Index(None, "tenant_id", "opportunity_id"),
)

leads = Table(  # derived from crm_events, anew with each of them, whatever their order of arrival
    "leads",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("created_at", UtcDateTime),  # none: it was graded or reassigned before we heard of it
    Column("grade", Text),
    Column("salesperson_id", Text),
    Column("team", Text),
    Column("customer_id", Text),
    Column("opportunity_id", Text),
    Column("silent_told", Integer, nullable=False),  # hours of the last lead.silent, 0: none
    Index(None, "tenant_id", "created_at"),
    Index(None, "tenant_id", "customer_id"),
    Index(None, "tenant_id", "opportunity_id"),
)

followups = Table(
    "followups",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("external_id", Text, nullable=False),
    Column("episode_key", Text),  # none where the CRM gave the id
    Column("salesperson_id", Text),
    Column("salesperson_name", Text),
    Column("team", Text),
    Column("customer_id", Text),
    Column("customer_name", Text),
    Column("industry", Text),
    Column("region", Text),
    Column("opportunity_id", Text),
    Column("stage", Text),
    Column("state", Text, nullable=False),
    Column("total", Integer),
    Column("counts", Boolean, nullable=False),
    Column("standing", Boolean, nullable=False),  # whether it counts after all rulings
    Column("reasons", Json, nullable=False),
    Column("versions", Json, nullable=False),
    Column("first_activity", UtcDateTime, nullable=False),
    Column("last_activity", UtcDateTime, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("settles_at", UtcDateTime),
    Column("revision", Integer, nullable=False),
    Column("rulings", Json, nullable=False),
    Column("score", LargeBinary),  # zlib-compressed JSON: score and snapshot
    Column("history", LargeBinary),  # scores that re-scores replaced
    UniqueConstraint("tenant_id", "external_id"),
    Index(None, "tenant_id", "last_activity", "id"),
    Index(None, "tenant_id", "episode_key"),
    Index(None, "tenant_id", "salesperson_id"),
)

followup_items = Table(
    "followup_items",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("followup_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("name", Text),
    Column("sha256", Text),
    Column("fingerprint", Text),
    Column("late", Boolean, nullable=False),
    Column("erased", Boolean, nullable=False),
    ForeignKeyConstraint(["tenant_id", "followup_id"], ["followups.tenant_id", "followups.id"], ondelete="CASCADE"),
    Index(None, "tenant_id", "followup_id"),
    Index(None, "tenant_id", "sha256"),
    Index(None, "tenant_id", "fingerprint"),
    Index(None, "tenant_id", "kind", "received_at"),
)

followup_appeals = Table(
    "followup_appeals",
    metadata,
    _tenant(),
    Column("id", Text, primary_key=True),
    Column("followup_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("decision_reason", Text),
    Column("total", Integer),
    ForeignKeyConstraint(["tenant_id", "followup_id"], ["followups.tenant_id", "followups.id"], ondelete="CASCADE"),
    Index(None, "tenant_id", "followup_id"),
)

directory = Table(  # salespeople and customers, as they are from a moment on: a call keeps what was true at its time
    "directory",
    metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),  # salesperson, customer
    Column("id", Text, primary_key=True),
    Column("valid_from", UtcDateTime, primary_key=True),
    Column("name", Text),
    Column("team", Text),
    Column("industry", Text),
    Column("region", Text),
    Column("updated_at", UtcDateTime, nullable=False),
)

directory_numbers = Table(
    "directory_numbers",
    metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),
    Column("number", Text, primary_key=True),  # digits; an extension or a phone number
    Column("valid_from", UtcDateTime, primary_key=True),
    Column("id", Text, nullable=False),
    Index(None, "tenant_id", "kind", "id"),
)
