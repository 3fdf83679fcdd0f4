"""faster-whisper without the silence that it appends to every window, or with only some of it.

Whisper's encoder reads 30 seconds whatever it is given, and its attention grows with the square of that. How much of
the silence behind the speech a model needs must be measured, and the catalogue says for which models it was (`fast`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel


class CompactWhisperModel(WhisperModel):  # type: ignore[misc]
    """Everything is faster-whisper's own, except that `encode` leaves out what is beyond so much padding."""

    def __init__(self, *arguments: Any, padding_seconds: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._padding = padding_seconds * self.frames_per_second

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        return super().encode(with_less_padding(features, self._padding))


def with_less_padding(features: npt.NDArray[np.float32], padding: int) -> npt.NDArray[np.float32]:
    """Log-mel frames, shape (mels, frames) or (windows, mels, frames), up to `padding` frames after the last sound.

    Padding is exactly 0, which no computed frame is. An even number remains, at least 2: the encoder halves it.
    """
    used = np.flatnonzero(features.any(axis=tuple(range(features.ndim - 1))))
    length = max(2, (int(used[-1]) + 1 if len(used) else 0) + padding)
    return features[..., : min(features.shape[-1], length + length % 2)]
