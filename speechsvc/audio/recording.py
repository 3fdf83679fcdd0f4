"""A recording made ready for recognition: decoded once, channels told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from speechsvc.audio.channels import PreparedChannel, prepare_channels
from speechsvc.audio.decode import DecodeLimits, decode
from speechsvc.domain.crosstalk import Leak
from speechsvc.ports import KeptSound


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PreparedRecording:
    """Channels to recognise; their samples are mapped from a file that lives inside the `with` block."""

    channels: tuple[PreparedChannel, ...]
    duration: float  # seconds decoded
    media_type: str
    partial: bool
    warnings: tuple[str, ...]
    leaks: tuple[Leak, ...] = ()  # where a channel carries nothing but the other side's voice


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingOpener:
    """Opens recordings within limits; `temp` is where decoded samples may lie (None: the system's folder)."""

    limits: DecodeLimits = field(default_factory=DecodeLimits)
    temp: Path | None = None

    @contextmanager
    def open(
        self, path: Path, channels: Mapping[str, str] | str | None, keep: KeptSound | None = None
    ) -> Iterator[PreparedRecording]:
        """Decodes `path` and prepares its channels; `keep` may hold the sound longer than this block.

        Raises the errors of `decode` and `prepare_channels`.
        """
        with ExitStack() as here:
            temporary = TemporaryDirectory(prefix="speechsvc-audio-", dir=self.temp, ignore_cleanup_errors=True)
            folder = (here if keep is None else keep).enter_context(temporary)
            decoded = decode(path, Path(folder), self.limits)
            if keep is not None:
                keep.decoded = decoded
            prepared, warnings, leaks = prepare_channels(decoded.samples, channels)
            yield PreparedRecording(
                channels=prepared,
                duration=decoded.duration,
                media_type=decoded.media_type,
                partial=decoded.partial,
                warnings=decoded.warnings + warnings,
                leaks=leaks,
            )
