"""The `Transcriber` port over faster-whisper: decode, channels, voice activity once, recognition, guards, script."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.crosstalk import RULES as CROSSTALK_RULES
from speechsvc.domain.crosstalk import Leak, mark_leaks, without_leaks
from speechsvc.domain.transcript import RemovedInterval, Segment, SoundInterval, SpeechInterval, Transcript
from speechsvc.ports import Diarizer, KeptSound
from speechsvc.transcription.batched import recognise_batched
from speechsvc.transcription.catalogue import load_catalogue
from speechsvc.transcription.echoes import Hints
from speechsvc.transcription.engine import SpeechModel, choose_device, engine_versions, model_sha256
from speechsvc.transcription.errors import RecognitionFailed
from speechsvc.transcription.guards import RULES, GuardSettings, confidence, load_phrases, suspect_reasons
from speechsvc.transcription.models import locate_model, resolve_model, source_of
from speechsvc.transcription.profiles import Wishes, decoding_for
from speechsvc.transcription.recognise import DecodingSettings, RawSegment, recognise_channels
from speechsvc.transcription.script import simplified
from speechsvc.transcription.sounds import SoundSettings, hear_sounds
from speechsvc.transcription.timing import seconds_under, settle
from speechsvc.transcription.vad import RATE, VadSettings, VoiceActivity, voice_activity
from speechsvc.transcription.voices import Voice, split_voices

_DECODED, _DETECTED = 0.03, 0.1  # shares of the whole work when decoding and detection are done


class Channel(Protocol):
    """One channel to recognise: index 0 left or mono, 1 right; int16 at 16 kHz."""

    @property
    def index(self) -> int: ...
    @property
    def speaker(self) -> Speaker: ...
    @property
    def samples(self) -> npt.NDArray[np.int16]: ...


class OpenRecording(Protocol):
    """A decoded recording, readable inside its `with` block."""

    @property
    def channels(self) -> tuple[Channel, ...]: ...
    @property
    def duration(self) -> float: ...
    @property
    def partial(self) -> bool: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def leaks(self) -> tuple[Leak, ...]: ...


Opener = Callable[[Path, Mapping[str, str] | str | None, KeptSound | None], AbstractContextManager[OpenRecording]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelChoice:
    """Which model, and where it may come from."""

    name: str  # a name of the catalogue, or a folder
    model_dir: Path  # where downloaded models lie
    hub_endpoint: str | None = None
    offline: bool = False
    device: str = "cpu"
    compute_type: str = "auto"
    cpu_threads: int = 0  # 0: as many as CTranslate2 thinks fit


class FasterWhisperTranscriber:
    """Recognises recordings with one model. Makes nothing heavy until the first recording comes."""

    def __init__(
        self,
        *,
        open_recording: Opener,
        model: ModelChoice,
        wishes: Wishes | None = None,
        decoding: DecodingSettings | None = None,
        vad: VadSettings | None = None,
        guards: GuardSettings | None = None,
        simplify: bool = True,
        sounds: SoundSettings | None = None,
        diarizer: Diarizer | None = None,
    ) -> None:
        """`open_recording` is `speechsvc.audio.recording.RecordingOpener(...).open`.

        `diarizer` tells speakers apart where there is one channel; without it they stay unknown.
        `decoding` settles what `wishes` would lead to; `simplify` false leaves the model's own script.
        """
        self._open = open_recording
        self._choice = model
        self._wishes = wishes or Wishes()
        self._decoding = decoding
        self._simplify = simplify
        self._vad = vad or VadSettings()
        self._guards = guards or GuardSettings()
        self._sounds = sounds or SoundSettings()
        self._diarizer = diarizer
        self._model: SpeechModel | None = None
        self._description: dict[str, Any] | None = None

    def transcribe(
        self,
        recording: Path,
        *,
        channels: dict[str, str] | str | None,
        language: str,
        progress: Callable[[float], None],
        opened: Callable[[float], None] = lambda seconds: None,
        keep: KeptSound | None = None,
    ) -> Transcript:
        """Segments of all channels in order of start. No speech is a valid, empty transcript.

        Raises the errors of `speechsvc.audio` for the recording, of `speechsvc.transcription.errors` for the machine.
        """
        with self._open(recording, channels, keep) as sound:
            opened(sound.duration)
            progress(_DECODED)
            activities = [self._detect(channel) for channel in sound.channels]
            sounds = [i for c, a in zip(sound.channels, activities, strict=True) for i in _sounds(c, a)]
            removed = [i for c, a in zip(sound.channels, activities, strict=True) for i in _removed(c, a)]
            channels_heard, activities, model = self._tell_apart(sound.channels, activities)
            progress(_DETECTED)
            segments = self._recognise_all(channels_heard, activities, language, progress)
            warnings = sound.warnings if any(a.talk for a in activities) else (*sound.warnings, "no_speech")
            speech = [i for c, a in zip(channels_heard, activities, strict=True) for i in _intervals(c, a)]
            duration, partial, leaks = sound.duration, sound.partial, sound.leaks
        progress(1.0)
        return Transcript(
            segments=tuple(sorted(mark_leaks(segments, speech, leaks), key=lambda s: (s.start, s.channel, s.end))),
            speech=tuple(sorted(without_leaks(speech, leaks), key=lambda i: (i.start, i.channel))),
            sounds=tuple(sorted(sounds, key=lambda i: (i.start, i.channel))),
            removed=tuple(sorted(removed, key=lambda i: (i.start, i.channel))),
            duration=round(duration, 3),
            language=language,
            model=model,
            warnings=warnings,
            partial=partial,
        )

    def describe(self) -> dict[str, Any]:
        """Everything that decides the text, with a short `version` made from it. Loads and downloads nothing.

        Before a model that must be downloaded is on this machine, `sha256` is None.
        Raises DeviceUnusable, ModelUnknown or ModelIncomplete.
        """
        folder = locate_model(self._choice.name, model_dir=self._choice.model_dir)
        if folder is None:
            return self._describe(None)
        if self._description is None:
            self._description = self._describe(folder)
        return dict(self._description)

    def warm_up(self, progress: Callable[[float], None] = lambda fraction: None) -> None:
        """Downloads the model if it must and loads it: what a worker does before it takes its first job."""
        self._speech_model(progress).get()

    @property
    def _settings(self) -> DecodingSettings:
        """Raises ProfileUnsuitable or DeviceUnusable."""
        if self._decoding is None:
            device = choose_device(self._choice.device, self._choice.compute_type).device
            self._decoding = decoding_for(self._wishes, load_catalogue().find(self._choice.name), device=device)
        return self._decoding

    def _describe(self, folder: Path | None) -> dict[str, Any]:
        device = choose_device(self._choice.device, self._choice.compute_type)
        name = Path(self._choice.name).name if folder else self._choice.name
        found: dict[str, Any] = {
            "name": name,
            "sha256": model_sha256(folder) if folder else None,
            "revision": source_of(folder).get("revision") if folder else None,
            "device": device.device,
            "compute_type": device.compute_type,
            "engine": engine_versions(),
            "decoding": self._settings.as_dict(),
            "simplified": self._simplify,
            "vad": self._vad.as_dict(),
            "sounds": self._sounds.as_dict(),
            "crosstalk": CROSSTALK_RULES,
            "diarizer": self._diarizer.describe() if self._diarizer else None,
            "guards": {**asdict(self._guards), "rules": RULES, "phrases": load_phrases().version},
        }
        digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
        version = f"{name}-{device.compute_type}+{digest[:8]}"
        return {**found, "version": version} | ({"device_note": device.note} if device.note else {})

    def _speech_model(self, progress: Callable[[float], None] = lambda fraction: None) -> SpeechModel:
        if self._model is None:
            choice = self._choice
            device = choose_device(choice.device, choice.compute_type)
            folder = resolve_model(
                choice.name,
                model_dir=choice.model_dir,
                hub_endpoint=choice.hub_endpoint,
                offline=choice.offline,
                progress=progress,
            )
            padding = self._settings.padding_seconds
            self._model = SpeechModel(folder, device, choice.cpu_threads, padding_seconds=padding)
        return self._model

    def _detect(self, channel: Channel) -> VoiceActivity:
        return hear_sounds(channel.samples, voice_activity(channel.samples, self._vad), self._sounds)

    def _tell_apart(
        self, channels: tuple[Channel, ...], activities: list[VoiceActivity]
    ) -> tuple[tuple[Channel, ...], list[VoiceActivity], dict[str, Any]]:
        """One channel with several speakers becomes one channel a speaker; the description says how many were found."""
        model = self.describe()
        if self._diarizer is None or len(channels) != 1 or not activities[0].talk:
            return channels, activities, model
        only = channels[0]
        voices, parts = split_voices(only.index, only.samples, activities[0], self._diarizer, self._vad)
        return voices, parts, {**model, "speakers": {"found": len(voices)}}

    def _recognise_all(
        self,
        channels: tuple[Channel, ...],
        activities: list[VoiceActivity],
        language: str,
        progress: Callable[[float], None],
    ) -> list[Segment]:
        total = sum(activity.chunk_samples for activity in activities) / RATE
        if total == 0:
            return []
        raw = self._recognise(
            self._speech_model().get(),
            channels,
            activities,
            language,
            lambda seconds: progress(_DETECTED + (1 - _DETECTED) * min(1.0, seconds / total) * 0.999),
        )
        sides = zip(channels, activities, raw, strict=True)
        return [segment for c, a, found in sides for segment in self._guarded(c, a, found, language)]

    def _recognise(
        self,
        model: Any,
        channels: tuple[Channel, ...],
        activities: list[VoiceActivity],
        language: str,
        report: Callable[[float], None],
    ) -> list[list[RawSegment]]:
        """Of each channel, in the way of the profile; `report` gets seconds of speech done."""
        settings = self._settings
        sounds = [(channel.samples, activity) for channel, activity in zip(channels, activities, strict=True)]
        try:
            if settings.profile == "batched" or (settings.batch_size > 1 and _one_voice_each(channels)):
                return recognise_batched(model, sounds, language=language, settings=settings, progress=report)
            return recognise_channels(model, sounds, language=language, settings=settings, progress=report)
        except RuntimeError as error:  # what CTranslate2 raises; its message names no words of the call
            raise RecognitionFailed(detail=str(error)) from error

    def _guarded(
        self, channel: Channel, activity: VoiceActivity, raw: list[RawSegment], language: str
    ) -> Iterator[Segment]:
        settled = [settle(segment, activity.talk) for segment in raw]
        reasons = suspect_reasons(
            [segment for segment, _ in settled],
            [seconds for _, seconds in settled],
            phrases=load_phrases(),
            settings=self._guards,
            sound_seconds=[seconds_under(segment, activity.sounds) for segment, _ in settled],
            language=language,
            hints=Hints.of(self._settings.initial_prompt, self._settings.hotwords),
        )
        for (segment, _), suspect in zip(settled, reasons, strict=True):
            yield Segment(
                speaker=channel.speaker,
                channel=channel.index,
                start=segment.start,
                end=segment.end,
                text=(simplified(segment.text) if self._simplify else segment.text).strip(),
                confidence=confidence(segment.avg_logprob),
                suspect=suspect,
                voice=_voice(channel),
            )


def _intervals(channel: Channel, activity: VoiceActivity) -> Iterator[SpeechInterval]:
    for start, end in activity.talk:
        begin, until = round(start / RATE, 3), round(end / RATE, 3)
        yield SpeechInterval(
            channel=channel.index, speaker=channel.speaker, start=begin, end=until, voice=_voice(channel)
        )


def _sounds(channel: Channel, activity: VoiceActivity) -> Iterator[SoundInterval]:
    for sound in activity.sounds:
        start, end = round(sound.start / RATE, 3), round(sound.end / RATE, 3)
        yield SoundInterval(channel=channel.index, kind=sound.kind, start=start, end=end)


def _removed(channel: Channel, activity: VoiceActivity) -> Iterator[RemovedInterval]:
    edges = [0, *(edge for chunk in activity.chunks for edge in chunk), len(channel.samples)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if start < end:
            yield RemovedInterval(channel=channel.index, start=round(start / RATE, 3), end=round(end / RATE, 3))


def _voice(channel: Channel) -> int | None:
    return channel.voice if isinstance(channel, Voice) else None


def _one_voice_each(channels: Sequence[Channel]) -> bool:
    """Not so for the voices of a mono recording: between their turns the sequential way keeps a pause."""
    return len({channel.index for channel in channels}) == len(channels)
