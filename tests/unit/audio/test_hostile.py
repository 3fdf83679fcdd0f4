"""Every broken, hostile or odd file ends in a typed error or an honest result, soon, and touches nothing else.

Each is put where an attacker would want it: beside another recording and beside a listening port of this machine.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from speechsvc.audio.decode import DecodeLimits
from speechsvc.audio.errors import (
    DecodeLimitReached,
    RecordingEmpty,
    RecordingNoAudioStream,
    RecordingNotAudio,
    RecordingTooLong,
    RecordingUndecodable,
    RecordingUnsupported,
)
from speechsvc.audio.recording import PreparedRecording, RecordingOpener
from speechsvc.errors import SpeechsvcError
from tests.unit.audio import hostile
from tests.unit.audio.encoders import KINDS, encode_raw, speech
from tests.unit.audio.hostile import Make, real
from tests.unit.audio.sounds import tones, wav_header, write_wav

SOON = 30.0  # seconds
NOTHING_THERE = (
    RecordingEmpty,
    RecordingNotAudio,
    RecordingNoAudioStream,
    RecordingUndecodable,
    RecordingUnsupported,
)

PLAYLISTS: dict[str, Callable[[str], str]] = {
    "hls": lambda url: f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n",
    "hls with a key": lambda url: (
        f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n'
    ),
    "m3u": lambda url: f"#EXTM3U\n#EXTINF:5,call\n{url}\n",
    "pls": lambda url: f"[playlist]\nFile1={url}\nNumberOfEntries=1\nVersion=2\n",
    "ffconcat": lambda url: f"ffconcat version 1.0\nfile {url}\n",
    "ffconcat, unsafe": lambda url: f"ffconcat version 1.0\nfile '{url}'\noption safe 0\n",
    "dash": lambda url: (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f"<Period><BaseURL>{url}</BaseURL><AdaptationSet mimeType='audio/mp4'><Representation id='1' bandwidth='1'>"
        f"<BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ),
    "smil": lambda url: f"<smil><body><audio src='{url}'/></body></smil>",
    "asx": lambda url: f"<asx version='3.0'><entry><ref href='{url}'/></entry></asx>",
    "sdp": lambda url: "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "url": lambda url: f"{url}\n",
    "internet shortcut": lambda url: f"[InternetShortcut]\nURL={url}\n",
    "concat protocol": lambda url: f"concat:{url}|{url}\n",
    "subfile protocol": lambda url: f"subfile,,start,0,end,0,,:{url}\n",
}


@dataclass
class Scene:
    """A folder with a neighbour's recording, a port, and ears on both."""

    folder: Path
    neighbour: Path
    listener: socket.socket
    watch: int | None  # inotify descriptor

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/call.wav"

    def open(self, content: bytes, *, limits: DecodeLimits | None = None) -> PreparedRecording:
        """Opens `content` as the service does; whatever happens, soon and without traces."""
        upload = self.folder / "upload"
        upload.write_bytes(content)
        temp = self.folder / "temp"
        temp.mkdir(exist_ok=True)
        started = time.monotonic()
        try:
            with RecordingOpener(limits=limits or DecodeLimits(), temp=temp).open(upload, None) as opened:
                return opened
        finally:
            assert time.monotonic() - started < SOON
            assert list(temp.iterdir()) == []
            self.assert_untouched()

    def assert_untouched(self) -> None:
        with pytest.raises(BlockingIOError):
            self.listener.accept()
        if self.watch is not None:
            with pytest.raises(BlockingIOError):
                os.read(self.watch, 4096)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    neighbour = write_wav(tmp_path / "other.wav", tones(8000, 1, 5.0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        watch = _watch(neighbour)
        yield Scene(folder=tmp_path, neighbour=neighbour, listener=listener, watch=watch)
        if watch is not None:
            os.close(watch)


def _watch(path: Path) -> int | None:
    """An inotify descriptor that becomes readable when somebody opens `path`."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = int(library.inotify_init1(os.O_NONBLOCK))
    opened = 0x20
    if descriptor < 0 or library.inotify_add_watch(descriptor, os.fsencode(path), opened) < 0:
        return None
    return descriptor


def test_the_ears_hear(scene: Scene) -> None:
    """The watch and the port of the other tests would notice."""
    scene.neighbour.read_bytes()
    if scene.watch is not None:
        assert os.read(scene.watch, 4096)
    with socket.create_connection(scene.listener.getsockname()):
        scene.listener.accept()[0].close()


@pytest.mark.parametrize("kind", sorted(PLAYLISTS))
@pytest.mark.parametrize("target", ["sibling", "absolute", "file url", "network"])
def test_lists_of_other_files_are_no_recordings(kind: str, target: str, scene: Scene) -> None:
    targets = {
        "sibling": "other.wav",
        "absolute": str(scene.neighbour),
        "file url": scene.neighbour.as_uri(),
        "network": scene.address,
    }
    with pytest.raises(RecordingNotAudio):
        scene.open(PLAYLISTS[kind](targets[target]).encode())


@pytest.mark.parametrize("target", ["other.wav", "file:other.wav"])
def test_an_mp4_that_points_elsewhere(target: str, scene: Scene) -> None:
    for content in (hostile.outside_reference(target), hostile.mac_alias_reference(target)):
        with suppress(RecordingEmpty, RecordingUndecodable):  # or decodes what lies in the file itself
            scene.open(content)


FOREIGN: dict[str, Make] = {
    "html": lambda: b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 50,
    "json": lambda: b'{"error": "no such recording"}',
    "text": lambda: "会议纪要：客户要求周五前报价。".encode() * 100,
    "utf-16": lambda: "会议纪要：客户要求周五前报价。".encode("utf-16") * 100,
    "zip": hostile.archive,
    "tar.gz": hostile.tarball,
    "gzip": hostile.gzipped,
    "png": hostile.cover,
    "gif": lambda: b"GIF89a" + bytes(1000),
    "pdf": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"1 0 obj <<>> endobj\n" * 100,
    "elf": lambda: b"\x7fELF\x02\x01\x01" + bytes(4000),
    "sqlite": lambda: b"SQLite format 3\x00" + bytes(4000),
    "midi": lambda: b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk\x00\x00\x00\x04\x00\xff\x2f\x00",
    "zeros": lambda: bytes(100_000),
    "ones": lambda: b"\xff" * 100_000,
    "one byte": lambda: b"R",
    "raw a-law": lambda: encode_raw("alaw", speech(8000, 1)),
    "raw u-law": lambda: encode_raw("ulaw", speech(8000, 2)),
    "raw pcm": lambda: encode_raw("s16le", speech(8000, 1)),
}


@pytest.mark.parametrize("kind", sorted(FOREIGN))
def test_what_is_no_recording(kind: str, scene: Scene) -> None:
    with pytest.raises(RecordingNotAudio):
        scene.open(FOREIGN[kind]())


Outcome = type[SpeechsvcError] | tuple[str, ...]  # an error, or the warnings of a result

ODD: dict[str, tuple[Make, Outcome | tuple[type[SpeechsvcError], ...]]] = {
    "zero length": (lambda: b"", RecordingEmpty),
    "header only": (wav_header, RecordingEmpty),
    "header promising samples": (lambda: wav_header(data_bytes=16_000), RecordingEmpty),
    "64 channels": (lambda: wav_header(channels=64, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    "6 channels": (lambda: wav_header(channels=6, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    "65535 channels": (
        lambda: hostile.wav_of(hostile.wav_format(channels=65_535, align=65_535)),
        RecordingUnsupported,
    ),
    "no channel": (lambda: hostile.wav_of(hostile.wav_format(channels=0)), RecordingUnsupported),
    "1 Hz": (lambda: wav_header(rate=1, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    "100 Hz": (lambda: wav_header(rate=100, data_bytes=480_000) + bytes(480_000), RecordingUnsupported),
    "7999 Hz": (lambda: wav_header(rate=7999, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    "48001 Hz": (lambda: wav_header(rate=48_001, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    "192 kHz": (lambda: wav_header(rate=192_000, data_bytes=64_000) + bytes(64_000), RecordingUnsupported),
    "0 Hz": (lambda: hostile.wav_of(hostile.wav_format(rate=0)), RecordingUndecodable),
    "4 GHz": (lambda: hostile.wav_of(hostile.wav_format(rate=0xFFFF_FFFF)), RecordingUndecodable),
    "flac at 1 Hz": (lambda: hostile.flac_rate(real("stereo.flac"), 1), RecordingTooLong),
    "no bits a sample": (lambda: hostile.wav_of(hostile.wav_format(bits=0)), RecordingUnsupported),
    "unknown wav codec": (lambda: hostile.wav_of(hostile.wav_format(tag=0x1234)), RecordingUnsupported),
    "wav without block size": (lambda: hostile.wav_of(hostile.wav_format(align=0)), ("channel_silent",)),
    "300,000 chunks": (lambda: hostile.many_chunks(300_000), ()),
    "a wav that says too little": (
        lambda: wav_header(data_bytes=16_000) + tones(8000, 1, 4.0).tobytes(),
        ("length_wrong",),
    ),
    "a wav that says too much": (
        lambda: wav_header(data_bytes=160_000) + tones(8000, 1, 4.0).tobytes(),
        ("truncated",),
    ),
    "a wav never finished": (lambda: wav_header(data_bytes=0) + tones(8000, 1, 4.0).tobytes(), ()),
    "a wav with tags behind": (
        lambda: (
            wav_header(data_bytes=64_000)
            + tones(8000, 1, 4.0).tobytes()
            + struct.pack("<4sI", b"LIST", 4000)
            + b"INFO".ljust(4000, b"\0")
        ),
        (),
    ),
    "flac that says too little": (lambda: hostile.flac_samples(real("stereo.flac"), 16_000), ()),
    "flac that says too much": (lambda: hostile.flac_samples(real("stereo.flac"), 160_000), ("truncated",)),
    "flac of 400 hours": (lambda: hostile.flac_samples(real("stereo.flac"), (1 << 36) - 1), RecordingTooLong),
    "mp3 that says too little": (lambda: hostile.mp3_frame_count(real("stereo.mp3"), 3), ()),
    "mp3 that says too much": (lambda: hostile.mp3_frame_count(real("stereo.mp3"), 3000), ("truncated",)),
    "mp3 of two billion frames": (lambda: hostile.mp3_frame_count(real("stereo.mp3"), 2**31), RecordingTooLong),
    "ten hours of silence in flac": (lambda: hostile.silent_flac(36_000, tell_length=True), RecordingTooLong),
    "hours in tiny opus packets": (lambda: hostile.tiny_opus_packets(15_600), RecordingTooLong),
    "mp4 of 268 million samples": (lambda: hostile.moov_bomb(0x0FFF_FFFF), (RecordingEmpty, DecodeLimitReached)),
    "mp4 of 4 billion samples": (lambda: hostile.moov_bomb(0xFFFF_FFFF), (RecordingEmpty, DecodeLimitReached)),
    "mp4 of ten million samples": (lambda: hostile.moov_bomb(10_000_000), RecordingUndecodable),
    "mp4 times without end": (lambda: hostile.stts_bomb(0xFFFF_FFFF), RecordingUndecodable),
    "mp4 boxes in boxes": (lambda: hostile.deep_boxes(200_000), (RecordingNoAudioStream, RecordingUndecodable)),
    "an ogg of 20,000 streams": (
        lambda: hostile.many_ogg_streams(20_000),
        (DecodeLimitReached, RecordingEmpty, RecordingUndecodable),
    ),
    "aac that changes all the time": (lambda: hostile.adts_that_changes(50), ()),
    "id3 larger than the file": (lambda: hostile.id3(size=(1 << 28) - 1) + real("stereo.mp3"), RecordingUndecodable),
    "id3 of 20 MB": (lambda: hostile.id3(hostile.id3_frame(b"TXXX", bytes(20 << 20))) + real("stereo.mp3"), ()),
    "id3 of 200,000 frames": (
        lambda: hostile.id3(*[hostile.id3_frame(b"TXXX", b"\0a\0b")] * 200_000) + real("stereo.mp3"),
        (),
    ),
    "id3 that unpacks to 200 MB": (lambda: hostile.id3(hostile.zipped_id3_frame(200)) + real("stereo.mp3"), ()),
    "cover art": (lambda: hostile.id3(hostile.picture_frame(hostile.cover())) + real("stereo.mp3"), ()),
    "cover art of 11 GB": (
        lambda: hostile.id3(hostile.picture_frame(hostile.cover(60_000, 60_000))) + real("stereo.mp3"),
        (),
    ),
    "nothing but cover art": (lambda: hostile.id3(hostile.picture_frame(hostile.cover())), RecordingUndecodable),
    "video without sound": (lambda: hostile.video_only("mp4"), RecordingNoAudioStream),
    "webm without sound": (lambda: hostile.video_only("matroska"), RecordingNoAudioStream),
    "video after sound": (lambda: hostile.with_video(samples_first=True), ()),
    "sound after video": (lambda: hostile.with_video(samples_first=False), ()),
    "two sound tracks": (hostile.two_tracks, ("extra_tracks",)),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(ODD))
def test_odd_and_hostile_files(kind: str, scene: Scene) -> None:
    make, expected = ODD[kind]
    content = make()
    if isinstance(expected, type) or (expected and isinstance(expected[0], type)):
        with pytest.raises(expected) as caught:  # type: ignore[arg-type]
            scene.open(content)
        assert "{" not in caught.value.message("zh") + caught.value.message("en")
        assert caught.value.next_step("zh")
        assert caught.value.next_step("en")
    else:
        opened = scene.open(content)
        assert opened.warnings == expected
        assert opened.partial == bool({"truncated", "damaged_parts"} & set(opened.warnings))


@pytest.mark.slow
def test_ten_hours_of_silence_without_a_length(scene: Scene) -> None:
    """Decoded up to the longest call: two channels more than that would fit nowhere."""
    content = hostile.silent_flac(36_000, tell_length=False)
    with pytest.raises(RecordingTooLong):
        scene.open(content, limits=DecodeLimits(max_seconds=3600))


@pytest.mark.parametrize("share", [0.005, 0.02])
@pytest.mark.parametrize("name", sorted(KINDS))
def test_little_more_than_a_header(name: str, share: float, scene: Scene) -> None:
    content = real(name)
    with suppress(*NOTHING_THERE):
        assert scene.open(content[: int(len(content) * share)]).partial
