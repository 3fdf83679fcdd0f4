"""What `speechsvc ingest` reads: files, folders, manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress, TaskID

from speechsvc.cli import ingest
from speechsvc.cli.common import FileMissing
from speechsvc.cli.ingest import find_recordings, metadata_of, read_manifest
from speechsvc.errors import InvalidInput


def test_folders_are_searched_for_audio_and_named_files_taken_as_they_are(tmp_path: Path) -> None:
    for name in ("b.WAV", "a.mp3", "notes.txt"):
        (tmp_path / name).touch()
    named = tmp_path / "notes.txt"
    assert [p.name for p in find_recordings([tmp_path, named])] == ["a.mp3", "b.WAV", "notes.txt"]
    with pytest.raises(FileMissing):
        list(find_recordings([tmp_path / "nowhere"]))


def test_a_manifest_from_a_spreadsheet(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.csv"
    manifest.write_text(
        "\ufefffile,external_id,started_at,salesperson_id,salesperson_name,team,customer_id,stage,channels\n"
        "rec/a.wav,A-1,2026-11-16T10:12:00+08:00,S1,陈晓彤,华东,,谈判,"
        '"{""left"": ""customer"", ""right"": ""agent""}"\n',
        encoding="utf-8",
    )
    row = read_manifest(manifest)["a.wav"]
    metadata = metadata_of(tmp_path / "a.wav", row, "0" * 64)
    assert metadata == {
        "external_id": "A-1",
        "started_at": "2026-11-16T10:12:00+08:00",
        "salesperson": {"id": "S1", "name": "陈晓彤", "team": "华东"},
        "channels": {"left": "customer", "right": "agent"},
    }


def test_without_a_manifest_name_and_bytes_make_the_id(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.touch()
    assert metadata_of(recording, {}, "0123456789abcdef")["external_id"] == "a-0123456789ab"


@pytest.mark.parametrize("content", [b"name,external_id\na.wav,1\n", "file\n录音.wav\n".encode("gbk")])
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes) -> None:
    manifest = tmp_path / "calls.csv"
    manifest.write_bytes(content)
    with pytest.raises(InvalidInput, match="manifest"):
        read_manifest(manifest)


def test_channels_that_are_no_json_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    with pytest.raises(InvalidInput, match="channels"):
        metadata_of(tmp_path / "a.wav", {"channels": '{"left":'}, "0" * 64)


class Answering:
    """A service whose call gets on with each question."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)

    def get(self, path: str) -> dict[str, Any]:
        return self.answers.pop(0)


def test_the_bar_moves_with_the_calls_own_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[float] = []

    class Watched(Progress):
        def update(self, task_id: TaskID, **changes: Any) -> None:
            shown.append(changes["completed"])
            super().update(task_id, **changes)

    monkeypatch.setattr(ingest, "_bar", lambda: Watched(disable=True))
    monkeypatch.setattr(ingest.time, "sleep", lambda seconds: None)
    working = [{"status": "transcribing", "progress": done} for done in (0.25, 0.75)]
    summary: dict[str, Any] = {"failed": []}
    ingest._wait(Answering(*working, {"status": "done"}), ["call_1"], summary)
    assert shown == [0.25, 0.75, 1.0]
    assert summary == {"failed": []}
