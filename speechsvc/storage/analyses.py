"""What the text stage found, of one tenant: mentions as rows, heatmap facts, and the rest as one body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Table, delete, insert, select, update

from speechsvc.domain.analysis import Tagging
from speechsvc.domain.facts import TopicFact
from speechsvc.domain.heatmap import HeatmapQuery, RowCount, TopicCount
from speechsvc.domain.mention import Mention
from speechsvc.domain.run import CallRange
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import NotFound
from speechsvc.ports import Analysis, EntryHits, MentionFilter, Page, StoredMention
from speechsvc.storage import codec, drilldown, entry_figures, heatmap
from speechsvc.storage.base import Repository
from speechsvc.storage.mention_rows import MENTION_COLUMNS, from_columns, mention_row, to_mention
from speechsvc.storage.tables import analyses, calls, facts, mentions, traces
from speechsvc.storage.transcripts import TranscriptTable


class AnalysisTable(Repository):
    """Implements `AnalysisRepository`."""

    def save(self, call_id: str, analysis: Analysis) -> int:
        revision = self._next_revision(call_id)
        for table in (mentions, facts, traces):
            self._connection.execute(delete(table).where(self._of(table, call_id)))
        self._save_body(call_id, analysis, revision)
        if analysis.tagging.trace is not None:
            row = {"tenant_id": self._tenant_id, "call_id": call_id, "body": analysis.tagging.trace}
            self._connection.execute(insert(traces).values(row))
        found = [mention_row(self._tenant_id, call_id, m) for m in analysis.tagging.mentions]
        if found:
            self._connection.execute(insert(mentions), found)
        counted = self._facts(call_id, analysis)
        if counted:
            self._connection.execute(insert(facts), counted)
        return revision

    def _next_revision(self, call_id: str) -> int:
        # the call's row lock makes two analyses of one call follow each other
        revision = self._connection.execute(
            update(calls)
            .where(self._mine(calls), calls.c.id == call_id)
            .values(analysis_revision=calls.c.analysis_revision + 1)
            .returning(calls.c.analysis_revision)
        ).scalar()
        if revision is None:
            raise NotFound(what="call")
        return int(revision)

    def _save_body(self, call_id: str, analysis: Analysis, revision: int) -> None:
        talk = analysis.talk
        self._connection.execute(delete(analyses).where(self._of(analyses, call_id)))
        self._connection.execute(
            insert(analyses).values(
                tenant_id=self._tenant_id,
                call_id=call_id,
                revision=revision,
                speech_s=talk.agent + talk.customer + talk.unknown,
                unknown_s=talk.unknown,
                body=codec.pack_analysis(analysis),
            )
        )

    def _facts(self, call_id: str, analysis: Analysis) -> list[dict[str, Any]]:
        return [{"tenant_id": self._tenant_id, "call_id": call_id, **asdict(fact)} for fact in analysis.facts]

    def get(self, call_id: str) -> Analysis | None:
        found = self.bare([call_id]).get(call_id)
        if found is None:
            return None
        tagging = replace(found.tagging, mentions=tuple(m for _, m in self._rows(call_id)))
        return replace(found, tagging=tagging, facts=self._stored_facts(call_id))

    def bare(self, call_ids: Sequence[str]) -> dict[str, Analysis]:
        query = select(analyses.c.call_id, analyses.c.body)
        rows = self._connection.execute(query.where(self._mine(analyses), analyses.c.call_id.in_(call_ids)))
        return {row.call_id: _bare(row.call_id, codec.unpack(row.body)) for row in rows}

    def _stored_facts(self, call_id: str) -> tuple[TopicFact, ...]:
        rows = self._connection.execute(
            select(facts.c.topic, facts.c.speaker, facts.c.mentions, facts.c.seconds)
            .where(self._of(facts, call_id))
            .order_by(facts.c.topic, facts.c.speaker)
        ).mappings()
        return tuple(TopicFact(**row) for row in rows)

    def found_mentions(self, call_ids: Sequence[str]) -> dict[str, tuple[Mention, ...]]:
        rows = self._connection.execute(
            select(mentions.c.call_id, *MENTION_COLUMNS)
            .where(self._mine(mentions), mentions.c.call_id.in_(call_ids))
            .order_by(mentions.c.call_id, mentions.c.turn, mentions.c.start_char, mentions.c.topic)
        )
        found: dict[str, list[Mention]] = {}
        for call_id, *columns in rows:
            found.setdefault(call_id, []).append(from_columns(*columns))
        return {call_id: tuple(some) for call_id, some in found.items()}

    def traces(self, call_ids: Sequence[str]) -> dict[str, bytes]:
        mine = select(traces.c.call_id, traces.c.body).where(self._mine(traces), traces.c.call_id.in_(call_ids))
        return {row.call_id: row.body for row in self._connection.execute(mine)}

    def mentions(self, call_id: str) -> tuple[StoredMention, ...]:
        transcript = TranscriptTable(self._connection, self._tenant_id).get(call_id)
        return tuple(
            StoredMention(id=mention_id, call_id=call_id, mention=m, sentence=sentence(transcript, m))
            for mention_id, m in self._rows(call_id)
        )

    def _rows(self, call_id: str) -> list[tuple[str, Mention]]:
        rows = self._connection.execute(
            select(mentions)
            .where(self._of(mentions, call_id))
            .order_by(mentions.c.turn, mentions.c.start_char, mentions.c.topic)
        ).mappings()
        return [(row["id"], to_mention(row)) for row in rows]

    def mention(self, mention_id: str) -> StoredMention:
        row = self._connection.execute(
            select(mentions).where(self._mine(mentions), mentions.c.id == mention_id)
        ).mappings()
        found = row.first()
        if found is None:
            raise NotFound(what="mention")
        transcript = TranscriptTable(self._connection, self._tenant_id).get(found["call_id"])
        m = to_mention(found)
        return StoredMention(id=mention_id, call_id=found["call_id"], mention=m, sentence=sentence(transcript, m))

    def entry_hits(self, where: CallRange) -> tuple[EntryHits, ...]:
        return entry_figures.hits(self._connection, self._tenant_id, where)

    def heard_as(self, where: CallRange, *, limit: int) -> tuple[tuple[str, str, int, int], ...]:
        return entry_figures.heard_as(self._connection, self._tenant_id, where, limit)

    def find_mentions(self, where: MentionFilter, *, cursor: str | None = None, limit: int = 50) -> Page[StoredMention]:
        page = drilldown.find(self._connection, self._tenant_id, where, cursor, limit)
        # a page touches at most `limit` calls, and each transcript is read once
        transcripts = TranscriptTable(self._connection, self._tenant_id)
        texts = {c: transcripts.get(c) for c in dict.fromkeys(call.id for _, _, call in page.items)}
        found = tuple(
            StoredMention(id=i, call_id=call.id, mention=m, sentence=sentence(texts[call.id], m), call=call)
            for i, m, call in page.items
        )
        return Page(items=found, cursor=page.cursor)

    def heatmap(self, query: HeatmapQuery) -> tuple[list[RowCount], list[TopicCount]]:
        return heatmap.count(self._connection, self._tenant_id, query)

    def _of(self, table: Table, call_id: str) -> Any:
        return self._mine(table) & (table.c.call_id == call_id)


def sentence(transcript: Transcript | None, mention: Mention) -> str:
    """The whole turn, or the matched words where no turn is stored."""
    if transcript is None or mention.turn >= len(transcript.segments):
        return mention.text
    return transcript.segments[mention.turn].text


def _bare(call_id: str, data: dict[str, Any]) -> Analysis:
    tagging = Tagging(
        call_id=call_id,
        mentions=(),
        contact=codec.unpack_contact(data["contact"]),
        next_step=codec.unpack_next_step(data["next_step"]),
    )
    return Analysis(
        tagging=tagging,
        talk=codec.unpack_talk(data["talk"]),
        score=data["score"],
        snapshot=data["snapshot"],
        versions=codec.unpack_versions(data["versions"]),
        facts=(),
    )
