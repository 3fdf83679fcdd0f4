"""A second sound file, where one is needed: personal data silenced, or a format that browsers play."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from speechsvc.domain.call import Recording
from speechsvc.domain.media import plays_in_browsers, sniff
from speechsvc.domain.transcript import Transcript
from speechsvc.ports import KeptSound
from speechsvc.services.core import Core
from speechsvc.services.mask_words import silent_spans


def make_playback(
    core: Core, tenant_id: str, recording: Path, transcript: Transcript, sound: KeptSound
) -> Recording | None:
    """None where the original may be played as it is. Raises what the playback port raises."""
    silence = silent_spans(transcript)
    with recording.open("rb") as file:
        media_type = sniff(file.read(64))
    if not silence and plays_in_browsers(media_type):
        return None
    with TemporaryDirectory(prefix="speechsvc-playback-") as folder:
        out = Path(folder) / "playback.wav"
        core.playback.write(recording, out, silence, sound.decoded)
        return core.blobs.put_file(tenant_id, out)
