"""Downloads a model from the hub or a mirror. A download that broke off continues, even in another process.

The hub's own client starts a file again from zero in a new process; models have gigabytes and lines are weak. The
protocol is small: one JSON page names the commit, the files, their sizes and checksums; each file is a plain GET.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

import httpx

from speechsvc.transcription.catalogue import ModelEntry
from speechsvc.transcription.errors import ModelDiskFull, ModelDownloadFailed

DEFAULT_ENDPOINT = "https://huggingface.co"
_OPTIONAL = ("preprocessor_config.json", "vocabulary.*")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TRIES = 5  # in a row without a single byte
_CHUNK = 1 << 20  # bytes
_AGENT = {"User-Agent": "speechsvc"}
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    name: str
    size: int | None  # bytes; None where the hub does not say
    sha256: str | None  # for large files


class _Changed(Exception):
    """What was downloaded is not what the hub announced."""


def download(entry: ModelEntry, folder: Path, *, endpoint: str | None, progress: Callable[[float], None]) -> None:
    """Fetches what `entry` needs into `folder`, checked against the hub's checksums, and notes where it came from.

    Only one process downloads a folder at a time; others wait and find it done. `progress` gets 0 to 1.
    Raises ModelDownloadFailed or ModelDiskFull; what arrived until then stays for the next try.
    """
    address = (endpoint or DEFAULT_ENDPOINT).rstrip("/")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder), httpx.Client(follow_redirects=True, timeout=30, headers=_AGENT) as client:
            _fetch_all(client, entry, folder, address, progress)
    except Exception as error:
        raise _plain(error, entry, folder, address) from error


def _fetch_all(
    client: httpx.Client, entry: ModelEntry, folder: Path, address: str, progress: Callable[[float], None]
) -> None:
    commit, files = _listing(client, entry, address)
    missing = [file for file in files if not (folder / file.name).is_file()]
    total = sum(file.size or 0 for file in files) or entry.size_mb * 1_000_000
    done = sum(file.size or 0 for file in files if file not in missing)
    _check_room(folder, sum(_left(file, folder, commit) for file in missing))
    for file in missing:

        def report(size: int, before: int = done) -> None:
            progress(min(0.999, (before + size) / total))

        _fetch(client, f"{address}/{entry.repo}/resolve/{commit}/{file.name}", file, folder, commit, report)
        done += file.size or 0
    for stale in folder.glob(".*.part"):
        stale.unlink()
    note = {"repo": entry.repo, "revision": commit, "endpoint": address}
    (folder / "source.json").write_text(json.dumps(note, indent=1), "utf-8")
    progress(1.0)


def _listing(client: httpx.Client, entry: ModelEntry, address: str) -> tuple[str, list[_File]]:
    """Commit and wanted files."""
    url = f"{address}/api/models/{entry.repo}/revision/{entry.revision or 'main'}"
    page = _with_retries(lambda: _get_json(client, url))
    wanted = (*entry.files, *_OPTIONAL)
    files = [
        _File(name=item["rfilename"], size=item.get("size"), sha256=(item.get("lfs") or {}).get("sha256"))
        for item in page["siblings"]
        if any(fnmatch(item["rfilename"], pattern) for pattern in wanted)
    ]
    return str(page["sha"]), files


def _get_json(client: httpx.Client, url: str) -> Any:
    response = client.get(url, params={"blobs": "true"})
    response.raise_for_status()
    return response.json()


def _fetch(
    client: httpx.Client, url: str, file: _File, folder: Path, commit: str, report: Callable[[int], None]
) -> None:
    """One file: into a `.part` that is continued where it ends, checked, then renamed."""
    part = _part(file, folder, commit)
    _with_retries(lambda: _append(client, url, file, part, report), lambda: _size(part))
    if not _is_right(part, file):
        part.unlink(missing_ok=True)
        raise _Changed(file.name)
    part.replace(folder / file.name)


def _append(client: httpx.Client, url: str, file: _File, part: Path, report: Callable[[int], None]) -> None:
    have = _size(part)
    if file.size is not None and have >= file.size:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        continues = response.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if continues else "wb") as out:
            have = have if continues else 0
            for chunk in response.iter_bytes(_CHUNK):
                out.write(chunk)
                out.flush()
                have += len(chunk)
                report(have)


def _with_retries(action: Callable[[], _T], size: Callable[[], int] = lambda: 0) -> _T:
    """Repeats `action` after network faults, as long as bytes arrive or `_TRIES` are not used up."""
    failures, before = 0, size()
    while True:
        try:
            return action()
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code not in (429, 500, 502, 503, 504):
                raise
            failures = 1 if size() > before else failures + 1
            before = size()
            if failures >= _TRIES:
                raise
            time.sleep(min(8.0, 2.0 ** (failures - 1)))


def _is_right(part: Path, file: _File) -> bool:
    if file.size is not None and _size(part) != file.size:
        return False
    if file.sha256 is None:
        return True
    with part.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest() == file.sha256


def _part(file: _File, folder: Path, commit: str) -> Path:
    return folder / f".{file.name}.{commit[:12]}.part"


def _left(file: _File, folder: Path, commit: str) -> int:
    return max(0, (file.size or 0) - _size(_part(file, folder, commit)))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_room(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, "not enough room")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except (ImportError, OSError):  # some network file systems have no locks
            pass
        yield


def _plain(error: Exception, entry: ModelEntry, folder: Path, address: str) -> ModelDownloadFailed | ModelDiskFull:
    """The error in words a person can act on."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return ModelDiskFull(name=entry.name, folder=str(folder), needed_mb=entry.size_mb)
    problem, chinese = _words(error)
    return ModelDownloadFailed(
        name=entry.name, endpoint=address, folder=str(folder), problem=problem, problem_zh=chinese
    )


def _words(error: Exception) -> tuple[str, str]:
    match error:
        case httpx.HTTPStatusError() if error.response.status_code in (401, 404):
            return "it does not have this model or revision", "该站点没有此模型或版本"
        case httpx.HTTPStatusError():
            code = error.response.status_code
            return f"it answered with status {code}", f"该站点返回状态码 {code}"
        case httpx.ProxyError():
            return "the proxy refused the connection", "代理拒绝连接"
        case httpx.TransportError():
            return "it cannot be reached", "无法连接"
        case _Changed():
            return f"{error} arrived damaged", f"{error} 下载后校验不符"
        case OSError():
            return f"the folder cannot be written ({error.strerror})", f"文件夹无法写入（{error.strerror}）"
        case _:
            return f"its answer makes no sense ({type(error).__name__})", f"返回内容无法理解（{type(error).__name__}）"
