"""faster-whisper's log-mel spectrogram, made a stretch at a time: the same numbers with a fraction of the memory.

The library transforms everything it is given at once: about 300 MB on top for five minutes of speech, which a call of
ten minutes never needs and a call of an hour does. Each frame depends on its own samples alone, so the result is equal
to the bit (`tests/unit/transcription/test_spectrogram.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor

_BLOCK = 3000  # frames: thirty seconds


class BlockwiseFeatureExtractor(FeatureExtractor):  # type: ignore[misc]
    """Everything is faster-whisper's own, except that the Fourier transform never sees more than a stretch."""

    def __call__(
        self, waveform: npt.NDArray[np.float32], padding: int = 160, chunk_length: int | None = None
    ) -> npt.NDArray[np.float32]:
        """Shape (mels, frames), from `waveform` of shape (samples,) at the extractor's rate, -1 to 1.

        Like the library's, a `chunk_length` in seconds stays with the extractor.
        """
        if chunk_length is not None:
            self.n_samples = chunk_length * self.sampling_rate
            self.nb_max_frames = self.n_samples // self.hop_length
        samples = np.pad(waveform.astype(np.float32, copy=False), (0, padding))
        power = self._log_mel(np.pad(samples, self.n_fft // 2, mode="reflect"))
        power = np.maximum(power, power.max() - 8.0)
        return np.asarray((power + 4.0) / 4.0)

    def _log_mel(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        frames = (len(samples) - self.n_fft) // self.hop_length  # the library drops the last one
        power = np.empty((frames, self.n_fft // 2 + 1), np.float32)
        for first in range(0, frames, _BLOCK):
            last = min(frames, first + _BLOCK)
            power[first:last] = self._power(
                samples[first * self.hop_length : (last - 1) * self.hop_length + self.n_fft]
            )
        # one product for all, laid out as in the library: sums of a part of the frames may be rounded otherwise
        mel: npt.NDArray[np.float32] = np.log10(np.clip(self.mel_filters @ power.T, a_min=1e-10, a_max=None))
        return mel

    def _power(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Shape (frames, bins)."""
        window = np.hanning(self.n_fft + 1)[:-1].astype("float32")
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.n_fft)[:: self.hop_length]
        spectrum = np.fft.rfft(frames * window, n=self.n_fft, axis=-1).astype("complex64")
        return np.asarray(np.abs(spectrum) ** 2)
