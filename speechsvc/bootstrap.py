"""The one place that joins ports to adapters. Nothing connects or loads when this is imported."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from speechsvc import logging
from speechsvc.audio.decode import DecodeLimits
from speechsvc.audio.playback import WavPlayback
from speechsvc.audio.recording import RecordingOpener
from speechsvc.config import Settings, make_private_folder
from speechsvc.crm.sender import HttpxSender
from speechsvc.domain.followup import FollowupRules
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.ports import Analyser, Diarizer, Rulebook, Tenant, Transcriber, Workbench
from speechsvc.queueing.announcer import CeleryAnnouncer
from speechsvc.queueing.dispatcher import Dispatcher
from speechsvc.queueing.helpers import DO, PREPARE, HelperProcesses, serve
from speechsvc.resources import bundled
from speechsvc.services import helper_work
from speechsvc.services.clean_up import remove_leftovers
from speechsvc.services.core import Core, Limits
from speechsvc.services.current_rules import CurrentRules
from speechsvc.services.run_next import run_next
from speechsvc.storage.blob_store import make_blob_store
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem

if TYPE_CHECKING:
    from speechsvc.transcription.layout import Layout
    from speechsvc.transcription.profiles import Wishes

T = TypeVar("T")
_MOST_PROCESSES = 4  # over which previews are spread unless the settings say otherwise: memory


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Application:
    """Settings and everything built from them. Cheap to make; models and lexicon load at first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.database = SqlDatabase(settings.effective_database_url, self.clock.now)
        self.system = SqlSystem(self.database)
        self.blobs = make_blob_store(settings)
        self.announcer = CeleryAnnouncer(settings)
        self.dispatcher: Dispatcher | None = None
        rulebook: _Once[Rulebook] = _Once(lambda: build_rulebook(settings))
        rules = _Once(lambda: CurrentRules(self.database, rulebook()))
        self.core = Core(
            db=self.database,
            system=self.system,
            blobs=self.blobs,
            clock=self.clock,
            sender=_sender(settings, self.clock),
            playback=WavPlayback(_decode_limits(settings), settings.temp_dir),
            transcriber=_Once(lambda: build_transcriber(settings)),
            rulebook=rulebook,
            workbench=_Once(lambda: build_workbench(settings)),
            analyser=lambda tenant_id: rules().analyser(tenant_id),
            topics=lambda tenant_id: rules().topics(tenant_id),
            wake=self._wake,
            limits=Limits(
                upload_bytes=settings.max_upload_bytes,
                text_chars=settings.max_text_chars,
                lease_s=settings.lease_s,
                max_attempts=settings.max_attempts,
            ),
            language=settings.language,
            helpers=HelperProcesses(helper_processes(settings), "speechsvc.bootstrap:help_out", _hello(settings)),
            followups=_followup_rules(settings),
        )

    def prepare(self) -> None:
        """Schema at its newest, the default tenant there. Safe to run in several processes at once."""
        make_private_folder(self.settings.data_dir)
        self.system.migrate()
        name = self.settings.tenant
        self.system.add_tenant(Tenant(id=name, name=name, timezone=self.settings.timezone))

    def start_dispatcher(self) -> Dispatcher:
        """A thread that wakes workers for due jobs; `stop()` it before the process ends."""
        self.dispatcher = Dispatcher(self.system, self.announcer, quiet_s=self.settings.announce_quiet_s)
        self.dispatcher.start()
        return self.dispatcher

    def run_next(self, queue: str) -> bool:
        """Runs at most one due job of this queue; False when there was none."""
        return run_next(self.core, queue)

    def close(self) -> None:
        self.database.dispose()

    def _wake(self) -> None:
        """The dispatcher of this process, if it has one; else those of the web processes will see the job soon."""
        if self.dispatcher is not None:
            self.dispatcher.wake()


@lru_cache(maxsize=1)
def application() -> Application:
    """The process-wide application of a worker."""
    settings = Settings()
    logging.configure(settings.log_level, settings.log_format)
    for folder in {None, settings.temp_dir}:
        remove_leftovers(folder)
    return Application(settings)


def help_out() -> None:
    """Runs a helper process: see `speechsvc.queueing.helpers`."""
    serve(_helping)


def _helping(hello: bytes) -> Callable[..., Any]:
    settings = Settings.model_validate_json(hello)
    logging.configure("ERROR", settings.log_format)
    core = Application(settings).core
    handlers: dict[str, Callable[..., Any]] = {PREPARE: helper_work.prepare, DO: helper_work.do}
    return lambda what, *message: handlers[what](core, *message)


def _hello(settings: Settings) -> bytes:
    """A helper's settings: ours, but that it has no helpers itself."""
    return settings.model_copy(update={"helpers": 0}).model_dump_json().encode()


def helper_processes(settings: Settings) -> int:
    """Beside the process that shares its work."""
    if settings.helpers is not None:
        return settings.helpers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_PROCESSES) - 1


def build_rulebook(settings: Settings) -> Rulebook:
    """Reads nothing yet. Its default are the files that the settings name."""
    from speechsvc.tagging.rulebook import FileRulebook  # here: jieba, spaCy and pinyin tables take a second

    return FileRulebook(settings.lexicon, settings.rubric, homophones=settings.homophones, learned=settings.learned)


def build_analyser(settings: Settings) -> Analyser:
    """With the default lexicon and rubric. Raises with the name of the entry and its cure."""
    rulebook = build_rulebook(settings)
    lexicon, rubric = (rulebook.default(kind).content for kind in (RulesetKind.LEXICON, RulesetKind.RUBRIC))
    return rulebook.analyser(lexicon, rubric)


def build_workbench(settings: Settings) -> Workbench:
    """What previews, re-tagging and suggestions need of the tagger."""
    from speechsvc.tagging.workbench import TaggerWorkbench

    return TaggerWorkbench(homophones=settings.homophones, learned=settings.learned)


def build_lexicon(settings: Settings) -> Lexicon:
    """The lexicon that the settings name. Raises with the name of the entry and its cure."""
    from speechsvc.tagging.lexicon_file import load_lexicon

    return load_lexicon(settings.lexicon or bundled("lexicons") / "default")


def build_transcriber(settings: Settings) -> Transcriber:
    """Loads no model yet: that happens at the first recording, in the process that will use it."""
    from speechsvc.transcription.transcriber import FasterWhisperTranscriber, ModelChoice

    choice = ModelChoice(
        name=settings.model,
        model_dir=settings.effective_model_dir,
        hub_endpoint=settings.hub_endpoint,
        offline=settings.offline,
        device=settings.device,
        compute_type=settings.compute_type,
        cpu_threads=recognition_layout(settings).threads,
    )
    opener = RecordingOpener(limits=_decode_limits(settings), temp=settings.temp_dir)
    return FasterWhisperTranscriber(
        open_recording=opener.open,
        model=choice,
        wishes=recognition_wishes(settings),
        simplify=settings.simplified,
        diarizer=build_diarizer(settings),
    )


def build_diarizer(settings: Settings) -> Diarizer | None:
    """Who tells the speakers of one channel apart; None where that is switched off. Loads and downloads nothing."""
    from speechsvc.diarization.basic import BasicDiarizer
    from speechsvc.diarization.full import FullDiarizer

    if settings.diarizer == "off":
        return None
    if settings.diarizer == "basic" or (settings.diarizer == "auto" and not full_diarizer_ready(settings)):
        return BasicDiarizer()
    return FullDiarizer(
        segmentation=lambda: _diarization_model(settings, "diarization-segmentation"),
        embedding=lambda: _diarization_model(settings, "diarization-embedding"),
    )


def full_diarizer_ready(settings: Settings) -> bool:
    """Its package is installed and its models are on this machine."""
    from speechsvc.diarization.full import installed
    from speechsvc.transcription.models import locate_model

    names = ("diarization-segmentation", "diarization-embedding")
    return installed() and all(locate_model(name, model_dir=settings.effective_model_dir) for name in names)


def _diarization_model(settings: Settings, name: str) -> Path:
    """The model's file; downloads it if it must and may."""
    from speechsvc.transcription.catalogue import load_catalogue
    from speechsvc.transcription.models import resolve_model

    folder = resolve_model(
        name, model_dir=settings.effective_model_dir, hub_endpoint=settings.hub_endpoint, offline=settings.offline
    )
    entry = load_catalogue().find(name)
    return folder / (entry.files[0] if entry else "model.onnx")


def recognition_wishes(settings: Settings) -> Wishes:
    """Profile and decoding as the settings name them."""
    from speechsvc.transcription.profiles import Wishes

    return Wishes(
        profile=settings.profile,
        beam_size=settings.beam_size,
        window_s=settings.window_s,
        batch=settings.asr_batch,
        hotwords=settings.hotwords.strip() or None,
        initial_prompt=settings.initial_prompt.strip() or None,
    )


def recognition_layout(settings: Settings) -> Layout:
    """Processes and threads of recognition on this machine. Raises DeviceUnusable."""
    from speechsvc.transcription.engine import choose_device
    from speechsvc.transcription.layout import choose_layout, machine, model_memory_mb

    cores, memory_mb = machine()
    return choose_layout(
        cores=cores,
        memory_mb=memory_mb,
        model_mb=model_memory_mb(settings.model),
        device=choose_device(settings.device, settings.compute_type).device,
        processes=settings.asr_processes,
        threads=settings.cpu_threads,
    )


def _decode_limits(settings: Settings) -> DecodeLimits:
    return DecodeLimits(max_seconds=settings.max_audio_s)


def _followup_rules(settings: Settings) -> FollowupRules:
    return FollowupRules(
        episode=timedelta(days=settings.followup_episode_days),
        settle_after=timedelta(hours=settings.followup_settle_hours),
        documents=settings.followup_documents,
        minutes=settings.followup_minutes,
    )


def _sender(settings: Settings, clock: SystemClock) -> HttpxSender:
    return HttpxSender(
        allow_cidrs=settings.webhook_allow_cidrs,
        allow_http=settings.webhook_allow_http,
        timeout_s=settings.webhook_timeout_s,
        clock=clock,
    )


class _Once(Generic[T]):
    """Makes a value at the first call and keeps it; threads that come meanwhile wait for it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]


__all__ = [
    "Application",
    "application",
    "build_analyser",
    "build_rulebook",
    "build_transcriber",
    "recognition_layout",
    "recognition_wishes",
]
