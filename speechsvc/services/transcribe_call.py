"""The speech stage: recording to stored transcript, then the text stage is queued in the same commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from speechsvc.domain.call import Call, CallStatus, Recording
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.roles import name_speakers
from speechsvc.domain.swapped import with_doubt
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.ports import KeptSound, StaleLease
from speechsvc.services.core import Core
from speechsvc.services.expect_finish import note_pace
from speechsvc.services.make_playback import make_playback


class RecordingMissing(SpeechsvcError):
    """The stored recording of this call is not where it was put."""

    code, permanent = "recording_missing", False  # a folder that is not mounted may come back
    zh = "该通话的录音文件不在存储中。"
    advice = "Check that the store of recordings is whole and mounted; restore it, or erase the call and upload again."
    advice_zh = "请检查录音存储是否完整并已挂载；可恢复备份，或删除该通话后重新上传。"


def transcribe_call(
    core: Core, job: Job, progress: Callable[[float], None], opened: Callable[[float], None] = lambda seconds: None
) -> None:
    """Runs again from the start after a crash: the earlier try left nothing. Raises what the transcriber raises.

    `progress` gets 0 to 1, `opened` the seconds of audio once they are known.
    """
    call = _begin(core, job)
    language = core.system.tenant(job.tenant_id).language or core.language
    began = time.monotonic()
    with _recording(core, call) as path, KeptSound() as sound:
        transcript = core.transcriber().transcribe(
            path, channels=call.metadata.channels, language=language, progress=progress, opened=opened, keep=sound
        )
        note_pace(core, transcript, time.monotonic() - began)
        transcript = name_speakers(transcript, call.metadata.direction)
        transcript = with_doubt(transcript, call.metadata.direction)
        playback = make_playback(core, job.tenant_id, path, transcript, sound)
    try:
        _store(core, job, transcript, playback)
    except (StaleLease, NotFound):
        # after any other error the commit may have gone through, and the sweep decides
        if playback is not None:
            core.blobs.delete(playback.blob)
        raise
    core.wake()


@contextmanager
def _recording(core: Core, call: Call) -> Iterator[Path]:
    try:
        if call.recording is None:
            raise NotFound(what="recording")
        core.blobs.size(call.recording.blob)
    except NotFound:
        raise RecordingMissing from None
    with core.blobs.local_copy(call.recording.blob) as path:
        yield path


def _begin(core: Core, job: Job) -> Call:
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.hold(job)  # a worker that slept through its lease must not set a finished call back
        call = uow.calls.get(job.subject)
        uow.calls.update(
            call.id, status=CallStatus.TRANSCRIBING, progress=0.0, expected_at=None, error_code=None, error=None
        )
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
            expected_at=None,
            duration=transcript.duration,
            warnings=transcript.warnings,
            playback=playback,
        )
        uow.jobs.add(JobKind.ANALYSE, job.subject)
        uow.commit()
