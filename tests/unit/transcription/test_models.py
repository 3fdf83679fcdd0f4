"""From a name to a model folder: without network where possible, with plain errors where not."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from speechsvc.resources import bundled
from speechsvc.transcription.catalogue import load_catalogue
from speechsvc.transcription.engine import model_sha256
from speechsvc.transcription.errors import (
    ModelDiskFull,
    ModelDownloadFailed,
    ModelIncomplete,
    ModelNotDownloaded,
    ModelUnknown,
)
from speechsvc.transcription.models import locate_model, resolve_model, source_of
from tests.fakes.hub import COMMIT, Hub, serve_hub

REPO = "Systran/faster-whisper-tiny"
WEIGHTS = random.Random(3).randbytes(5 << 20)
FILES = {
    "config.json": b"{}",
    "model.bin": WEIGHTS,
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a\n",
    "README.md": b"not needed",
    "pytorch_model.bin": b"not needed",
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub(Hub(repo=REPO, files=dict(FILES))) as served:
        yield served


@pytest.fixture
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download waits up to 8 s between tries; tests do not."""
    wait = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: wait(min(seconds, 0.01)))


@pytest.fixture
def forbid_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: Any) -> None:
        raise AssertionError(f"tried to connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")


def copy_demo(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for file in (bundled("models") / "demo").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.usefixtures("forbid_network")
def test_demo_and_local_folders_never_touch_the_network(tmp_path: Path) -> None:
    assert resolve_model("demo", model_dir=tmp_path, hub_endpoint="http://127.0.0.1:9").name == "demo"
    folder = copy_demo(tmp_path / "mine")
    assert resolve_model(str(folder), model_dir=tmp_path, hub_endpoint="http://127.0.0.1:9") == folder
    offline = copy_demo(tmp_path / "models" / "small")
    assert resolve_model("small", model_dir=tmp_path / "models", offline=True) == offline


def test_the_bundled_model_is_the_one_in_the_catalogue() -> None:
    entry = load_catalogue().find("demo")
    assert entry is not None
    assert model_sha256(bundled("models") / "demo") == entry.sha256


def test_catalogue_is_in_order_and_knows_chinese_only() -> None:
    models = [m for m in load_catalogue().models if m.kind == "speech"]
    assert [m.size_mb for m in models] == sorted(m.size_mb for m in models)
    assert all("zh" in m.languages for m in models)
    assert {"base", "small", "medium", "large-v3", "large-v3-turbo"} <= {m.name for m in models}


def test_a_catalogue_with_a_mistake_is_refused(tmp_path: Path) -> None:
    good = bundled("models")
    (tmp_path / "catalogue.schema.json").write_bytes((good / "catalogue.schema.json").read_bytes())
    text = (good / "catalogue.yaml").read_text("utf-8").replace("size_mb: 78", "size_mb: many")
    (tmp_path / "catalogue.yaml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match="models/1/size_mb"):
        load_catalogue(tmp_path)


def test_a_name_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="large-v3-turbo"):
        resolve_model("huge", model_dir=tmp_path)


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_folder_names_the_file_it_lacks(missing: str, tmp_path: Path) -> None:
    folder = copy_demo(tmp_path / "mine")
    (folder / missing).unlink()
    with pytest.raises(ModelIncomplete, match=missing) as caught:
        resolve_model(str(folder), model_dir=tmp_path)
    assert missing in caught.value.message("zh")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelIncomplete, match="no such folder"):
        resolve_model(str(tmp_path / "nowhere"), model_dir=tmp_path)


def test_a_git_lfs_pointer_is_no_model(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path / "mine")
    (folder / "model.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9641250\n")
    with pytest.raises(ModelIncomplete, match="pointer"):
        resolve_model(str(folder), model_dir=tmp_path)


def test_offline_and_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelNotDownloaded) as caught:
        resolve_model("tiny", model_dir=tmp_path, offline=True)
    assert str(tmp_path / "tiny") in caught.value.next_step("zh")


def test_download_from_a_mirror_takes_only_what_is_needed(hub: Hub, tmp_path: Path) -> None:
    seen: list[float] = []
    folder = resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url + "/", progress=seen.append)
    assert folder == tmp_path / "tiny"
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert not (folder / "README.md").exists()
    assert not (folder / "pytorch_model.bin").exists()
    assert seen[-1] == 1.0
    assert source_of(folder) == {"repo": REPO, "revision": COMMIT, "endpoint": hub.url}


def test_a_downloaded_model_is_not_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    asked = len(hub.requests)
    assert resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url) == tmp_path / "tiny"
    assert locate_model(REPO, model_dir=tmp_path) == tmp_path / "tiny"
    assert len(hub.requests) == asked


def test_a_broken_connection_is_taken_up_where_it_broke(hub: Hub, tmp_path: Path, fast_retries: None) -> None:
    hub.cut_after = 2 << 20
    folder = resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    first, *later = hub.asked_for("model.bin")
    assert first is None
    assert later == ["bytes=2097152-", "bytes=4194304-"]


def test_a_download_that_failed_continues_later(hub: Hub, tmp_path: Path, fast_retries: None) -> None:
    hub.cut_after, hub.dies = 2 << 20, True
    with pytest.raises(ModelDownloadFailed):
        resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    assert locate_model("tiny", model_dir=tmp_path) is None
    hub.status, hub.cut_after = None, None
    hub.requests.clear()
    folder = resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert hub.asked_for("model.bin") == ["bytes=2097152-"]


@pytest.mark.parametrize(
    ("status", "words"), [(404, "does not have this model"), (500, "status 500"), (403, "status 403")]
)
def test_a_hub_that_refuses(status: int, words: str, tmp_path: Path, fast_retries: None) -> None:
    repo = REPO if status != 404 else "someone/else"
    faulty = Hub(repo=repo, files=dict(FILES), status=None if status == 404 else status)
    with serve_hub(faulty) as served, pytest.raises(ModelDownloadFailed) as caught:
        resolve_model("tiny", model_dir=tmp_path, hub_endpoint=served.url)
    assert words in caught.value.message("en")
    assert "hf-mirror.com" in caught.value.next_step("en")
    assert not caught.value.permanent


def test_a_hub_that_cannot_be_reached(tmp_path: Path, fast_retries: None) -> None:
    with pytest.raises(ModelDownloadFailed, match="cannot be reached") as caught:
        resolve_model("tiny", model_dir=tmp_path, hub_endpoint=f"http://127.0.0.1:{_closed_port()}")
    assert "无法连接" in caught.value.message("zh")


def test_a_proxy_that_does_not_answer(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast_retries: None
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{_closed_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(ModelDownloadFailed):
        resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    assert not hub.requests


def test_a_file_that_arrives_damaged_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.corrupt.add("model.bin")
    with pytest.raises(ModelDownloadFailed, match="arrived damaged"):
        resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    assert locate_model("tiny", model_dir=tmp_path) is None
    hub.corrupt.clear()
    folder = resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert not list(folder.glob(".*.part"))


def test_two_processes_do_not_spoil_each_others_download(hub: Hub, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(resolve_model, "tiny", model_dir=tmp_path, hub_endpoint=hub.url) for _ in range(2)]
        folders = {future.result() for future in both}
    assert folders == {tmp_path / "tiny"}
    assert (tmp_path / "tiny" / "model.bin").read_bytes() == WEIGHTS
    assert len(hub.asked_for("model.bin")) == 1


def test_a_full_disk(hub: Hub, tmp_path: Path) -> None:
    """The file-size limit of the process stands in for a full disk: the write fails in the same place."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(ModelDiskFull) as caught:
            resolve_model("tiny", model_dir=tmp_path, hub_endpoint=hub.url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "78 MB" in caught.value.message("en")


def test_source_of_a_folder_that_was_copied_by_hand(tmp_path: Path) -> None:
    assert source_of(tmp_path) == {}
    (tmp_path / "source.json").write_text(json.dumps([]))
    assert source_of(tmp_path) == {}


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
