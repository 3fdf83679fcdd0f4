"""Speech, text and sound: what turns a recording into a transcript and a transcript into an analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from speechsvc.domain.analysis import Tagging, Versions
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.speakers import SpeakerSpan
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.transcript import Transcript

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Clock(Protocol):
    """Wall time with zone, for what people read. Leases use the database's own clock."""

    def now(self) -> datetime: ...


class KeptSound(ExitStack):
    """Decoded sound that outlives its transcription, so that the playback need not decode again.

    What `decoded` is, is the adapters' business; whatever lies on disk for it goes when the block ends.
    """

    decoded: Any = None


class Transcriber(Protocol):
    """Decode, channels, voice activity, recognition, guards."""

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
        """`progress` gets 0 to 1, `opened` the seconds of audio once decoded, `keep` the decoded sound.

        Raises a SpeechsvcError with a stable code for a recording it cannot use.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Model, revision, device, compute type, engine and decoding settings; loads nothing."""
        ...


class Diarizer(Protocol):
    """Tells the speakers of one channel apart, without names. Keeps nothing of a voice once it has answered."""

    def find(self, samples: npt.NDArray[np.int16], talk: Sequence[tuple[int, int]]) -> tuple[SpeakerSpan, ...]:
        """`samples` at 16 kHz; `talk` are the intervals with speech, in samples, in order. Spans in order of start.

        Together the spans cover `talk` and nothing else; only where two speak at once may they overlap.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Name, version, settings, and what it cannot do (`cannot`). Loads nothing."""
        ...


class Analyser(Protocol):
    """Tagging, contact outcome and score with one lexicon and one rubric."""

    @property
    def versions(self) -> Versions: ...

    def tag(self, conversation: Conversation) -> Tagging: ...

    def score(
        self, conversation: Conversation, tagging: Tagging, talk: TalkMetrics
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The score as CONTRACT.md shows it, and the frozen snapshot of inputs from which it recomputes."""
        ...

    def points(self, conversation: Conversation, tagging: Tagging, talk: TalkMetrics) -> tuple[int, bool]:
        """The score's total alone, and whether it counts toward performance: in half the time."""
        ...


class Playback(Protocol):
    """Makes audio that a browser plays, with personal data silenced."""

    def write(
        self, recording: Path, out: Path, silence: Sequence[tuple[int | None, float, float]], decoded: Any = None
    ) -> None:
        """`silence`: (channel or all, start seconds, end seconds). Writes PCM WAV, from `KeptSound.decoded` if any."""
        ...
