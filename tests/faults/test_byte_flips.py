"""Recordings with flipped bytes, of every format: a typed error or a result, never a crash, never a long wait.

Starting a process for each file would take most of the time. So one confined child after another runs the decoder's own
function over many files; a file on which it dies or is slow, and one in thirty of all others, go through the whole
`decode` as the service calls it. `SPEECHSVC_TEST_FLIPS=10000` (`make faults`) runs all; the suite a few hundred.
"""

from __future__ import annotations

import base64
import json
import os
import random
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from speechsvc.audio.channels import prepare_channels
from speechsvc.audio.decode import DecodedAudio, DecodeLimits, conclude, decode, report_of
from speechsvc.audio.headers import hides_sound
from speechsvc.errors import SpeechsvcError
from tests.unit.audio.encoders import KINDS
from tests.unit.audio.hostile import real

COUNT = int(os.environ.get("SPEECHSVC_TEST_FLIPS", "400"))
SEED = 20
WHOLE_EVERY = 33  # one file in so many goes through the whole of `decode`
SOON = 30.0  # seconds
A_CHILD = 200  # files
LIMITS = DecodeLimits(max_seconds=600)


def flipped(number: int) -> tuple[str, bytes]:
    """Name of the format, and a recording of it with 1 to 20 other bytes; a third of them near its beginning."""
    name = sorted(KINDS)[number % len(KINDS)]
    rng = random.Random(f"{SEED}:{number}")
    data = bytearray(real(name))
    for _ in range(rng.randint(1, 20)):
        reach = 256 if rng.random() < 1 / 3 else len(data)
        data[rng.randrange(min(reach, len(data)))] = rng.randrange(256)
    return name, bytes(data)


@dataclass
class Child:
    """One confined process, for up to `A_CHILD` files."""

    output: Path
    process: subprocess.Popen[bytes] = field(init=False)
    files: int = 0

    def __post_init__(self) -> None:
        job = asdict(LIMITS) | {"output": str(self.output), "cpu_seconds": 3600, "output_bytes": LIMITS.output_bytes}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.flip_child", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "LC_ALL": "C.UTF-8"},
        )

    def report(self, content: bytes, hints: dict[str, Any]) -> dict[str, Any] | None:
        """None if it died or took too long; it is then of no more use."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.files += 1
        task = {"content": base64.b64encode(content).decode(), "hints": hints}
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SOON)
        line = self.process.stdout.readline() if ready else b""
        return dict(json.loads(line)) if line else None

    def stop(self) -> int:
        """Its exit status."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        return self.process.returncode


@dataclass
class Tally:
    """What became of all files."""

    outcomes: Counter[str] = field(default_factory=Counter)
    whole: int = 0  # went through the whole of `decode`
    died: list[int] = field(default_factory=list)  # numbers of files on which a child ended or was slow
    slowest: float = 0.0  # seconds

    def add(self, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        self.slowest = max(self.slowest, seconds)


def test_flipped_bytes_end_in_a_typed_error_or_a_result(tmp_path: Path) -> None:
    tally = Tally()
    path, work = tmp_path / "upload", tmp_path / "work"
    work.mkdir()
    children = _children(work / "samples.pcm")
    child = next(children)
    for number in range(COUNT):
        _, content = flipped(number)
        path.write_bytes(content)
        started = time.monotonic()
        report = child.report(content, {"ignore_length": hides_sound(path)})
        if report is None:
            tally.died.append(number)
        else:
            outcome = _concluded(path, work / "samples.pcm", report)
            tally.add(outcome, time.monotonic() - started)
        if report is None or number % WHOLE_EVERY == 0:
            _whole(tally, path, work)
        if report is None or child.files >= A_CHILD:
            child.stop()
            child = next(children)
    child.stop()
    print(f"\n{COUNT} files, {tally.whole} through decode(), slowest {tally.slowest:.1f} s, lost: {tally.died}")
    print(dict(tally.outcomes.most_common()))
    assert sum(tally.outcomes.values()) == COUNT + tally.whole - len(tally.died)
    assert tally.slowest < SOON
    assert not set(tally.outcomes) & {"internal_error", "decoder_unavailable"}
    assert tally.outcomes["complete"] > 0
    assert tally.outcomes["partial"] > 0


def _children(output: Path) -> Iterator[Child]:
    while True:
        yield Child(output=output)


def _whole(tally: Tally, path: Path, work: Path) -> None:
    """As the service does it, in a child of its own."""
    folder = work / f"whole{tally.whole}"
    folder.mkdir()
    tally.whole += 1
    started = time.monotonic()
    try:
        outcome = _looked_at(decode(path, folder, LIMITS))
    except SpeechsvcError as error:
        outcome = error.code
    tally.add(outcome, time.monotonic() - started)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def _concluded(path: Path, output: Path, report: dict[str, Any]) -> str:
    try:
        return _looked_at(conclude(path, output, report, LIMITS))
    except SpeechsvcError as error:
        return error.code


def _looked_at(audio: DecodedAudio) -> str:
    assert audio.duration <= LIMITS.max_seconds + 2
    prepare_channels(audio.samples, None)
    return "partial" if audio.partial else "complete"


def test_a_child_that_dies_is_a_typed_error(tmp_path: Path) -> None:
    """Every way of dying that a codec may cause has its error."""
    for status in (-4, -6, -7, -8, -9, -11, -24, -25, -31, 1, 3, 139):
        done = subprocess.CompletedProcess([], status, b"", b"")
        with pytest.raises(SpeechsvcError) as caught:
            conclude(tmp_path, tmp_path / "none", report_of(done), LIMITS)
        assert caught.value.next_step("zh")
