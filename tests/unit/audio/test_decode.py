"""What decoding keeps, refuses and flags; formats and hostile files have tests of their own."""

from __future__ import annotations

import random
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from speechsvc.audio.decode import DecodeLimits, decode
from speechsvc.audio.errors import (
    DecodeLimitReached,
    RecordingEmpty,
    RecordingNoAudioStream,
    RecordingNotAudio,
    RecordingTooLong,
    RecordingUndecodable,
    RecordingUnsupported,
)
from speechsvc.audio.headers import hides_sound, read_wav
from speechsvc.errors import SpeechsvcError
from speechsvc.resources import bundled
from tests.unit.audio.sounds import tones, wav_header, write_kind, write_wav

SAMPLE = bundled("models") / "sample-calls" / "call1.wav"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_an_mp4_without_its_index_is_undecodable(tmp_path: Path, work: Path) -> None:
    whole = write_kind(tmp_path, "call.m4a").read_bytes()
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingUndecodable):
        decode(cut, work)


@pytest.mark.parametrize("name", ["pcm16.wav", "call.mp3", "call.flac", "call.m4a", "call.ogg", "float.wav"])
def test_samples_equal_those_of_faster_whisper(name: str, tmp_path: Path, work: Path) -> None:
    path = write_kind(tmp_path, name)
    audio = decode(path, work)
    stereo = audio.channels == 2
    expected = list(decode_audio(str(path), split_stereo=True)) if stereo else [decode_audio(str(path))]
    for i, channel in enumerate(expected):
        np.testing.assert_array_equal(audio.channel(i).astype(np.float32) / 32768, channel)


def test_sample_call_equals_faster_whisper(work: Path) -> None:
    audio = decode(SAMPLE, work)
    left, right = decode_audio(str(SAMPLE), split_stereo=True)
    np.testing.assert_array_equal(audio.channel(0).astype(np.float32) / 32768, left)
    np.testing.assert_array_equal(audio.channel(1).astype(np.float32) / 32768, right)
    assert isinstance(audio.samples, np.memmap)


def test_the_name_of_a_file_means_nothing(tmp_path: Path, work: Path) -> None:
    path = write_kind(tmp_path, "call.mp3").rename(tmp_path / "call.wav")
    assert decode(path, work).media_type == "audio/mpeg"


def test_a_streamed_wav_without_size_is_whole(tmp_path: Path, work: Path) -> None:
    path = tmp_path / "streamed.wav"
    path.write_bytes(wav_header(data_bytes=0xFFFFFFFF) + tones(8000, 1, 2.0).tobytes())
    audio = decode(path, work)
    assert not audio.partial
    assert audio.duration == pytest.approx(2.0, abs=0.01)


def test_a_wav_that_promises_a_little_more_is_whole(tmp_path: Path, work: Path) -> None:
    path = tmp_path / "nearly.wav"
    data = tones(8000, 1, 20.0).tobytes()
    path.write_bytes(wav_header(data_bytes=len(data) + 3200) + data)  # 0.2 s, 1 %
    assert not decode(path, work).partial


def test_damage_in_the_middle_keeps_later_times(tmp_path: Path, work: Path) -> None:
    path = write_kind(tmp_path, "call.flac", seconds=8.0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(bytes(data))
    audio = decode(path, work)
    assert audio.warnings == ("damaged_parts",)
    assert audio.partial
    assert audio.duration == pytest.approx(8.0, abs=0.02)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", RecordingEmpty),
        (wav_header(), RecordingEmpty),
        (wav_header(data_bytes=16000), RecordingEmpty),
        (b"<html><body>404 Not Found</body></html>" * 50, RecordingNotAudio),
        ("会议纪要：客户要求周五前报价。".encode() * 100, RecordingNotAudio),
        (b"ffconcat version 1.0\nfile other.wav\n", RecordingNotAudio),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nother.wav\n#EXT-X-ENDLIST\n", RecordingNotAudio),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5000 RTP/AVP 0\n", RecordingNotAudio),
        (random.Random(1).randbytes(40_000), RecordingNotAudio),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), RecordingNotAudio),
        (b"OggS" + bytes(200), RecordingUndecodable),
        (wav_header(channels=64, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
        (wav_header(channels=6, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
        (wav_header(rate=1, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
        (wav_header(rate=100, data_bytes=480_000) + bytes(480_000), RecordingUnsupported),
        (wav_header(rate=192_000, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    ],
    ids=[
        "zero bytes", "bare header", "header promising samples", "html", "text", "ffconcat", "hls", "sdp", "noise",
        "png", "broken ogg", "64 channels", "6 channels", "1 Hz", "100 Hz", "192 kHz",
    ],
)  # fmt: skip
def test_what_is_no_recording_gets_its_own_error(
    content: bytes, error: type[SpeechsvcError], tmp_path: Path, work: Path
) -> None:
    write_wav(tmp_path / "other.wav", tones(8000, 1, 1.0))  # what a playlist would reach for
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        decode(path, work)
    assert "{" not in caught.value.message("zh") + caught.value.message("en")
    assert caught.value.next_step("zh")
    assert caught.value.next_step("en")


def test_a_video_without_sound(tmp_path: Path, work: Path) -> None:
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(3):
            for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    with pytest.raises(RecordingNoAudioStream):
        decode(path, work)


def test_longer_than_allowed_by_header(tmp_path: Path, work: Path) -> None:
    path = write_wav(tmp_path / "long.wav", tones(8000, 1, 8.0))
    with pytest.raises(RecordingTooLong):
        decode(path, work, DecodeLimits(max_seconds=5))


def test_longer_than_allowed_though_the_header_says_nothing(tmp_path: Path, work: Path) -> None:
    path = write_kind(tmp_path, "call.aac", seconds=8.0)
    data = path.read_bytes()
    path.write_bytes(data * 3)
    with pytest.raises(RecordingTooLong):
        decode(path, work, DecodeLimits(max_seconds=5))
    assert (work / "samples.pcm").stat().st_size < 7 * 16_000 * 2


def test_a_bomb_of_silence_stops_at_the_limit(tmp_path: Path, work: Path) -> None:
    """An hour of digital silence packs into few bytes; the header is made to hide its length."""
    path = tmp_path / "bomb.flac"
    with av.open(str(path), "w", format="flac") as out:
        stream = out.add_stream("flac", rate=48000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000 * 600), dtype=np.int16), format="s16", layout="mono")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    data = bytearray(path.read_bytes())
    data[8 + 13] &= 0xF0  # total samples in STREAMINFO: 36 bits, here zero for unknown
    data[8 + 14 : 8 + 18] = bytes(4)
    path.write_bytes(bytes(data))
    assert len(data) < 200_000
    with pytest.raises(RecordingTooLong):
        decode(path, work, DecodeLimits(max_seconds=60))
    assert (work / "samples.pcm").stat().st_size < 62 * 16_000 * 2


def test_a_decode_that_takes_too_long_is_stopped(tmp_path: Path, work: Path) -> None:
    path = write_wav(tmp_path / "long.wav", tones(8000, 2, 5.0))
    with pytest.raises(DecodeLimitReached) as caught:
        decode(path, work, DecodeLimits(base_seconds=-5.0 + 0.05, seconds_per_megabyte=0, patience=1))
    assert not caught.value.permanent


def test_too_little_memory_is_a_limit_not_a_crash(tmp_path: Path, work: Path) -> None:
    path = write_wav(tmp_path / "call.wav", tones(8000, 2, 5.0))
    with pytest.raises((DecodeLimitReached, RecordingUndecodable)):
        decode(path, work, DecodeLimits(memory_bytes=4096))


def test_flipped_bytes_never_escape_as_other_errors(tmp_path: Path, work: Path) -> None:
    rng = random.Random(20)
    outcomes = set()
    for name in ("call.mp3", "call.ogg", "call.m4a", "call.flac", "ms-adpcm.wav", "call.amr"):
        whole = write_kind(tmp_path, name, seconds=1.0).read_bytes()
        for _ in range(3):
            data = bytearray(whole)
            for _ in range(30):
                data[rng.randrange(len(data))] = rng.randrange(256)
            path = tmp_path / "flipped"
            path.write_bytes(bytes(data))
            try:
                outcomes.add(len(decode(path, work).samples) > 0)
            except SpeechsvcError as error:
                outcomes.add(error.status)
    assert outcomes <= {True, 422}


def test_a_gap_in_time_stamps_becomes_silence(tmp_path: Path, work: Path) -> None:
    """Browsers send nothing while a microphone is quiet; what follows must not move forward."""
    path = tmp_path / "sparse.webm"
    with av.open(str(path), "w", format="webm") as out:
        stream = out.add_stream("libopus", rate=48000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(tones(48000, 1, 4.0).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            if packet.pts * packet.time_base > 2:
                packet.pts += round(3 / packet.time_base)
                packet.dts = packet.pts
            out.mux(packet)
    audio = decode(path, work)
    assert audio.duration == pytest.approx(7.0, abs=0.1)
    assert not audio.partial
    assert not audio.samples[int(2.2 * 16_000) : int(4.8 * 16_000)].any()
    assert np.abs(audio.samples[int(5.3 * 16_000) :]).max() > 4000


def test_a_header_of_impossible_size_is_read_calmly(tmp_path: Path) -> None:
    """RF64 counts in 64 bits; found by flipping bytes."""
    path = tmp_path / "call"
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, 1 << 63, (1 << 64) - 1, 0, 0)
    head = b"RF64\xff\xff\xff\xffWAVE" + sizes + wav_header(data_bytes=0xFFFFFFFF)[12:]
    path.write_bytes(head + tones(8000, 1, 1.0).tobytes())
    assert not hides_sound(path)
    header = read_wav(path)
    assert header is not None
    assert header.data_bytes == (1 << 64) - 1
