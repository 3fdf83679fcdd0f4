"""What the decoder's child cannot do, whatever a codec is talked into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from speechsvc.audio import decoder_child

LIMITS = "import decoder_child as d; d._confine(1 << 30, 5, 1 << 20);"


def confined(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Runs `code` in a process confined as the decoder is."""
    program = f"import sys; sys.path.insert(0, {str(Path(decoder_child.__file__).parent)!r}); {LIMITS} {code}"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )


def test_it_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "other.wav").write_bytes(b"secret")
    done = confined("open('other.wav', 'rb')", tmp_path)
    assert done.returncode != 0
    assert "Too many open files" in done.stderr


def test_it_opens_no_socket(tmp_path: Path) -> None:
    done = confined("import socket as s; s.create_connection(('127.0.0.1', 80), 2)", tmp_path)
    assert done.returncode != 0
    assert "Error" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="address space is not limited elsewhere")
def test_it_gets_no_more_memory(tmp_path: Path) -> None:
    done = confined("bytearray(2 << 30)", tmp_path)
    assert "MemoryError" in done.stderr


def test_its_environment_holds_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the child writes down its environment."""
    from speechsvc.audio.decode import decode
    from speechsvc.audio.errors import RecordingUndecodable

    spy = tmp_path / "spy.py"
    spy.write_text("import os, json, pathlib; pathlib.Path('seen').write_text(json.dumps(dict(os.environ)))")
    monkeypatch.setattr(decoder_child, "__file__", str(spy))
    monkeypatch.setenv("SPEECHSVC_DATABASE_URL", "postgresql://user:secret@db/x")
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "upload").write_bytes(b"anything")
    with pytest.raises(RecordingUndecodable):
        decode(tmp_path / "upload", work)
    assert "secret" not in (work / "seen").read_text()
