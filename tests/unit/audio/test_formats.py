"""Real speech in every format of a call system comes out as the speech that went in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from speechsvc.audio.decode import decode
from speechsvc.audio.errors import (
    RecordingEmpty,
    RecordingNoAudioStream,
    RecordingNotAudio,
    RecordingUndecodable,
    RecordingUnsupported,
)
from speechsvc.domain.media import RawCodec, RawFormat
from tests.unit.audio.encoders import KINDS, Kind, encode_raw, likeness, speech, write_with_av
from tests.unit.audio.hostile import without_xing

RATE = 16_000
RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AT_EVERY_RATE = {"wav": "pcm_s16le", "mp3": "libmp3lame", "flac": "flac", "adts": "aac"}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def assert_same_sound(heard: npt.NDArray[np.int16], channels: int, alike: float) -> None:
    """Each channel holds its own speech and not the other's."""
    said = speech(RATE, channels)
    for i in range(channels):
        assert likeness(heard[:, i], said[:, i]) >= alike
    if channels == 2:
        assert likeness(heard[:, 0], said[:, 1]) < 0.3


@pytest.mark.parametrize("name", sorted(KINDS))
def test_speech_in_every_format(name: str, tmp_path: Path, work: Path) -> None:
    kind = KINDS[name]
    audio = decode(kind.make(tmp_path / "upload.txt"), work)  # the name lies about every format
    assert audio.channels == kind.channels
    assert audio.source_rate == (kind.decoded_rate or kind.rate)
    assert audio.media_type == kind.media_type
    assert audio.duration == pytest.approx(4.0, abs=0.25)  # encoders pad to whole frames
    assert (audio.partial, audio.warnings) == (False, ())
    assert_same_sound(audio.samples, kind.channels, kind.alike)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("container", sorted(AT_EVERY_RATE))
def test_every_sample_rate(container: str, rate: int, channels: int, tmp_path: Path, work: Path) -> None:
    kind = Kind(
        name="x", write=write_with_av, container=container, codec=AT_EVERY_RATE[container], rate=rate, channels=channels
    )
    audio = decode(kind.make(tmp_path / "call"), work)
    assert (audio.source_rate, audio.channels, audio.partial) == (rate, channels, False)
    assert audio.duration == pytest.approx(4.0, abs=0.25)
    assert_same_sound(audio.samples, channels, 0.93)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_file_cut_off_is_never_whole(name: str, share: float, tmp_path: Path, work: Path) -> None:
    """MP4 keeps its index at the end: cut, nothing of it can be read."""
    whole = KINDS[name].make(tmp_path / "whole").read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(whole[: int(len(whole) * share)])
    try:
        audio = decode(cut, work)
    except (RecordingEmpty, RecordingNotAudio, RecordingNoAudioStream, RecordingUndecodable, RecordingUnsupported):
        assert share < 0.3 or KINDS[name].media_type == "audio/mp4" or "ogg" in name
    else:
        assert audio.partial
        assert set(audio.warnings) <= {"truncated", "damaged_parts"}
        assert audio.duration < 4.0


def test_an_mp3_without_length_that_ends_within_a_frame(tmp_path: Path, work: Path) -> None:
    bare = without_xing(KINDS["stereo.mp3"].make(tmp_path / "whole").read_bytes())
    for ending, warnings in ((b"", ()), (b"TAG" + bytes(125), ())):
        (tmp_path / "call").write_bytes(bare + ending)
        assert decode(tmp_path / "call", work).warnings == warnings
    (tmp_path / "call").write_bytes(bare[: len(bare) * 2 // 3 - 100])
    assert decode(tmp_path / "call", work).warnings == ("truncated",)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("codec", sorted(RawCodec))
def test_raw_sound_is_read_where_it_is_declared(codec: RawCodec, channels: int, tmp_path: Path, work: Path) -> None:
    path = tmp_path / "call.raw"
    path.write_bytes(encode_raw(codec, speech(8000, channels)))
    audio = decode(path, work, raw=RawFormat(codec=codec, rate=8000, channels=channels))
    assert audio.duration == pytest.approx(4.0, abs=0.01)
    assert audio.source_rate == 8000
    assert_same_sound(audio.samples, channels, 0.99)


@pytest.mark.parametrize("codec", sorted(RawCodec))
def test_raw_sound_without_a_declaration_is_refused(codec: RawCodec, tmp_path: Path, work: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(encode_raw(codec, speech(8000, 1)))
    with pytest.raises(RecordingNotAudio) as caught:
        decode(path, work)
    assert "without a header" in caught.value.next_step("en")
    assert "没有文件头" in caught.value.next_step("zh")


def test_a_header_outweighs_the_declaration(tmp_path: Path, work: Path) -> None:
    declared = RawFormat(codec=RawCodec.ALAW, rate=16_000, channels=2)
    audio = decode(KINDS["alaw.wav"].make(tmp_path / "call"), work, raw=declared)
    assert (audio.codec, audio.source_rate) == ("pcm_alaw", 8000)
    (tmp_path / "call").write_bytes(b"OggS" + bytes(2000))
    with pytest.raises(RecordingUndecodable):
        decode(tmp_path / "call", work, raw=declared)


@pytest.mark.parametrize("text", ["<html>502 Bad Gateway</html>" * 40, "会议纪要：客户要求周五前报价。" * 100])
def test_a_page_is_no_raw_sound(text: str, tmp_path: Path, work: Path) -> None:
    (tmp_path / "call").write_text(text, "utf-8")
    with pytest.raises(RecordingNotAudio):
        decode(tmp_path / "call", work, raw=RawFormat(codec=RawCodec.ALAW, rate=8000))


@pytest.mark.parametrize("rate", [1, 4000, 96_000])
def test_raw_sound_at_an_absurd_rate(rate: int, tmp_path: Path, work: Path) -> None:
    (tmp_path / "call").write_bytes(encode_raw(RawCodec.ULAW, speech(8000, 1)))
    with pytest.raises(RecordingUnsupported):
        decode(tmp_path / "call", work, raw=RawFormat(codec=RawCodec.ULAW, rate=rate))
