"""Downloads a model from the hub or a mirror: resumable, only the needed files, every failure in plain words."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from speechsvc.transcription.catalogue import ModelEntry
from speechsvc.transcription.errors import ModelDiskFull, ModelDownloadFailed

DEFAULT_ENDPOINT = "https://huggingface.co"
_OPTIONAL = ("preprocessor_config.json", "vocabulary.*")


def download(entry: ModelEntry, folder: Path, *, endpoint: str | None, progress: Callable[[float], None]) -> None:
    """Fetches `entry` into `folder` and notes where it came from. Raises ModelDownloadFailed or ModelDiskFull."""
    import huggingface_hub  # slow to import, and a machine with its model in place never needs it

    folder.mkdir(parents=True, exist_ok=True)
    address = (endpoint or DEFAULT_ENDPOINT).rstrip("/")
    try:
        with _watched(folder, entry.size_mb * 1_000_000, progress):
            huggingface_hub.snapshot_download(
                entry.repo,
                revision=entry.revision,
                endpoint=address,
                local_dir=folder,
                cache_dir=folder / ".cache",
                allow_patterns=[*entry.files, *_OPTIONAL],
                token=False,
                max_workers=2,
            )
    except Exception as error:  # the hub client's errors differ from version to version; ours do not
        raise _plain(error, entry, folder, address) from error
    missing = next((name for name in entry.files if not (folder / name).is_file()), None)
    if missing is not None:  # the client returns an existing folder when the hub is down
        raise _failed(entry, folder, address, f"{missing} did not arrive", f"{missing} 未下载成功")
    _note_source(entry, folder, address)
    progress(1.0)


@contextmanager
def _watched(folder: Path, expected: int, progress: Callable[[float], None]) -> Iterator[None]:
    """Reports bytes on disk over bytes expected, twice a second."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            progress(min(0.99, _bytes_in(folder) / expected))

    watcher = threading.Thread(target=watch, name="model-download", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # renamed while we looked
            continue
    return total


def _plain(error: Exception, entry: ModelEntry, folder: Path, address: str) -> ModelDownloadFailed | ModelDiskFull:
    """The first cause we have words for, down the chain of causes."""
    for cause in _causes(error):
        name = type(cause).__name__
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return ModelDiskFull(name=entry.name, folder=str(folder), needed_mb=entry.size_mb)
        if "Proxy" in name:
            return _failed(entry, folder, address, "the proxy refused or did not answer", "代理拒绝连接或无响应")
        if name in ("RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError", "GatedRepoError"):
            return _failed(
                entry, folder, address, "the hub does not have this model or revision", "该站点没有此模型或版本"
            )
        if name in ("OfflineModeIsEnabled",):
            return _failed(entry, folder, address, "the hub client is set to offline", "下载客户端被设为离线模式")
    for cause in _causes(error):
        name = type(cause).__name__
        if any(word in name for word in ("Connect", "Timeout", "Network", "Protocol")):
            return _failed(entry, folder, address, "the hub cannot be reached", "无法连接到模型站点")
    return _failed(
        entry, folder, address, f"the hub answered with an error ({type(error).__name__})", "模型站点返回错误"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__ or current.__context__


def _failed(entry: ModelEntry, folder: Path, address: str, problem: str, chinese: str) -> ModelDownloadFailed:
    return ModelDownloadFailed(
        name=entry.name, endpoint=address, folder=str(folder), problem=problem, problem_zh=chinese
    )


def _note_source(entry: ModelEntry, folder: Path, address: str) -> None:
    note = {"repo": entry.repo, "revision": entry.revision or _commit(folder), "endpoint": address}
    (folder / "source.json").write_text(json.dumps(note, indent=1), "utf-8")


def _commit(folder: Path) -> str | None:
    """The commit that the hub client noted beside model.bin."""
    try:
        return (folder / ".cache/huggingface/download/model.bin.metadata").read_text("utf-8").split()[0]
    except (OSError, IndexError):
        return None
