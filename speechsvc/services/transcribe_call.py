"""The speech stage: recording to stored transcript, then the text stage is queued in the same commit."""

from __future__ import annotations

from collections.abc import Callable

from speechsvc.domain.call import Call, CallStatus, Recording
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import NotFound
from speechsvc.services.core import Core
from speechsvc.services.make_playback import make_playback


def transcribe_call(core: Core, job: Job, progress: Callable[[float], None]) -> None:
    """Runs again from the start after a crash: the earlier try left nothing. Raises what the transcriber raises."""
    call = _begin(core, job)
    if call.recording is None:
        raise NotFound(what="recording")
    with core.blobs.local_copy(call.recording.blob) as path:
        transcript = core.transcriber().transcribe(
            path, channels=call.metadata.channels, language=core.language, progress=progress
        )
        playback = make_playback(core, job.tenant_id, path, transcript)
    try:
        _store(core, job, transcript, playback)
    except BaseException:
        if playback is not None:
            core.blobs.delete(playback.blob)
        raise
    core.wake()


def _begin(core: Core, job: Job) -> Call:
    with core.db.tenant(job.tenant_id) as uow:
        call = uow.calls.get(job.subject)
        uow.calls.update(call.id, status=CallStatus.TRANSCRIBING, progress=0.0, error_code=None, error=None)
        uow.commit()
    return call


def _store(core: Core, job: Job, transcript: Transcript, playback: Recording | None) -> None:
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.finish(job)  # first: a stale worker stops here and stores nothing
        uow.transcripts.save(job.subject, transcript)
        uow.calls.update(
            job.subject,
            status=CallStatus.ANALYSING,
            progress=1.0,
            duration=transcript.duration,
            warnings=transcript.warnings,
            playback=playback,
        )
        uow.jobs.add(JobKind.ANALYSE, job.subject)
        uow.commit()
