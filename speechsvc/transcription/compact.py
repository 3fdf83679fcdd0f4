"""faster-whisper without the silence that it appends to every window.

Whisper's encoder reads 30 seconds whatever it is given, and its attention grows with the square of that. A model whose
positions are not learned for 30 seconds alone hears a shorter input as well; whether one does must be measured, and the
catalogue says for which models it was (`short_windows`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel


class CompactWhisperModel(WhisperModel):  # type: ignore[misc]
    """Everything is faster-whisper's own, except that `encode` leaves out trailing padding."""

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        return super().encode(without_padding(features))


def without_padding(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Log-mel frames, shape (mels, frames) or (windows, mels, frames), up to the last one that is not padding.

    Padding is exactly 0, which no computed frame is. An even number remains, at least 2: the encoder halves it.
    """
    used = np.flatnonzero(features.any(axis=tuple(range(features.ndim - 1))))
    length = int(used[-1]) + 1 if len(used) else 2
    return features[..., : min(features.shape[-1], length + length % 2)]
