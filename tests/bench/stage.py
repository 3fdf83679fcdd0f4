"""The whole speech stage, from queued job to stored transcript, beside the direct call: same audio, model, threads.

A call of ten minutes shows what is added for each second, a call of one minute what is added for each call. Ours leases
the job, fetches the recording, decodes in a limited child process, guards, stores, makes the playback where one is
needed, and queues the next stage."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from speechsvc.bootstrap import Application
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import CallMetadata, Direction
from speechsvc.domain.job import JobKind
from speechsvc.services.receive_call import receive_call
from tests.bench.calls import BenchCall, joined_call
from tests.bench.result import Result, Series, in_turns, versus
from tests.bench.speech import DIRECT, direct

THREADS = 2
_numbers = itertools.count()


def run(quick: bool) -> list[Result]:
    """Seconds of audio a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application = stage_application(folder / "ours", THREADS)
        by_hand = direct(THREADS)
        results = []
        for minutes, repetitions in ((1, 3), (3 if quick else 10, 1 if quick else 3)):
            call = joined_call(folder / f"{minutes}.wav", 60 * minutes, seed=minutes)
            works = {"ours": partial(_ours, application, call), DIRECT: partial(_direct, by_hand, call)}
            series = in_turns(repetitions, works, warm_up=minutes == 1)
            case = f"{minutes}-minute call"
            results += versus("stage", case, "audio s/s", series, _details(call, series), computing=True)
        application.close()
    return results


def stage_application(folder: Path, threads: int, **changes: Any) -> Application:
    """An installation of its own with the model loaded."""
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        model="demo",
        device="cpu",
        compute_type="int8",
        asr_processes=1,
        cpu_threads=threads,
        **changes,
    )
    application = Application(settings)
    application.prepare()
    return application


def queue_call(application: Application, recording: Path) -> str:
    """Stored and queued, as an upload leaves it; the id of the call."""
    tenant = application.settings.tenant
    principal = Principal(tenant_id=tenant, key_id="bench", role=Role.ADMIN)
    writer = application.blobs.writer(tenant)
    writer.write(recording.read_bytes())
    metadata = CallMetadata(
        external_id=f"bench-{next(_numbers)}", started_at=application.clock.now(), direction=Direction.OUTBOUND
    )
    return receive_call(application.core, principal, metadata, writer.commit()).call.id


def recognise_next(application: Application) -> None:
    """One job of the speech stage, and its transcript must be there."""
    assert application.run_next(JobKind.TRANSCRIBE.queue), "no job was due"


def _ours(application: Application, call: BenchCall) -> float:
    found = queue_call(application, call.path)
    recognise_next(application)
    with application.database.tenant(application.settings.tenant, write=False) as uow:
        assert uow.transcripts.get(found) is not None
    return call.seconds


def _direct(by_hand: Callable[[Path], Any], call: BenchCall) -> float:
    by_hand(call.path)
    return call.seconds


def _details(call: BenchCall, series: dict[str, Series]) -> dict[str, Any]:
    """By pairs, so that both halves saw the same machine; processor time is without waiting for others."""
    ours, peer = series["ours"], series[DIRECT]
    added = [call.seconds / a - call.seconds / b for a, b in zip(ours.values, peer.values, strict=True)]
    busy = [call.seconds / a - call.seconds / b for a, b in zip(ours.processor, peer.processor, strict=True)]
    return {
        "threads": THREADS,
        "direct call s": round(median(call.seconds / rate for rate in peer.values), 2),
        "added s": round(median(added), 2),
        "added s of processor time": round(median(busy), 2),
    }
