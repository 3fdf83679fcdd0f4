"""Transcripts of one tenant."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from speechsvc.domain.transcript import Transcript
from speechsvc.storage.base import Repository
from speechsvc.storage.call_index import forget
from speechsvc.storage.codec import pack_transcript, unpack_transcript
from speechsvc.storage.tables import transcripts


class TranscriptTable(Repository):
    """Implements `TranscriptRepository`."""

    def save(self, call_id: str, transcript: Transcript) -> None:
        forget(self._connection, self._tenant_id, call_id)
        self._connection.execute(delete(transcripts).where(self._mine(transcripts), transcripts.c.call_id == call_id))
        self._connection.execute(
            insert(transcripts).values(tenant_id=self._tenant_id, call_id=call_id, body=pack_transcript(transcript))
        )

    def get(self, call_id: str) -> Transcript | None:
        body = self._connection.execute(
            select(transcripts.c.body).where(self._mine(transcripts), transcripts.c.call_id == call_id)
        ).scalar()
        return None if body is None else unpack_transcript(body)
