"""Profiles: how a model is asked. `sequential` is faster-whisper's own way and the default; the others are faster.

`fast` is for CPUs and for models that were measured to hear no worse with less work; `batched` is for GPUs. What each
costs in errors and gains in time: docs/models.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from speechsvc.transcription.catalogue import ModelEntry
from speechsvc.transcription.errors import ProfileUnsuitable
from speechsvc.transcription.recognise import DecodingSettings

_WHOLE = 30  # seconds that Whisper's encoder reads
_GPU_BATCH, _CPU_BATCH = 16, 4  # windows at once: enough to fill a GPU; a CPU only pays for the memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the operator set; 0 and None leave it to the profile."""

    profile: str = "sequential"
    beam_size: int = 0
    window_s: int = 0
    batch: int = 0
    hotwords: str | None = None
    initial_prompt: str | None = None


def decoding_for(wishes: Wishes, entry: ModelEntry | None, *, device: str = "cpu") -> DecodingSettings:
    """Settings for a model; `entry` is None for a folder. Raises ProfileUnsuitable."""
    settings = DecodingSettings(
        beam_size=wishes.beam_size or DecodingSettings().beam_size,
        window_seconds=wishes.window_s or None,
        hotwords=wishes.hotwords or None,
        initial_prompt=wishes.initial_prompt or None,
    )
    if wishes.profile == "fast":
        return _fast(settings, wishes, entry)
    if wishes.profile == "batched":
        batch = wishes.batch or (_GPU_BATCH if device == "cuda" else _CPU_BATCH)
        return replace(settings, profile="batched", batch_size=batch)
    return settings


def _fast(settings: DecodingSettings, wishes: Wishes, entry: ModelEntry | None) -> DecodingSettings:
    """A window length that the operator names is one that the operator has measured."""
    measured = entry.fast if entry else None
    seconds = wishes.window_s or (measured.window_s if measured else 0)
    if not seconds:
        raise ProfileUnsuitable(profile="fast", model=entry.name if entry else "of this folder")
    beam = wishes.beam_size or (measured.beam_size if measured else settings.beam_size)
    padding = measured.padding_s if measured else 0
    return replace(
        settings,
        profile="fast",
        window_seconds=seconds,
        beam_size=beam,
        padding_seconds=padding if padding < _WHOLE else None,
        batch_size=wishes.batch or (measured.batch if measured else 1),
    )
