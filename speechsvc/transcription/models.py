"""From a model's name to a folder that holds it: a local folder, the bundled demo model, a download."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from speechsvc.resources import bundled
from speechsvc.transcription.catalogue import ModelEntry, load_catalogue
from speechsvc.transcription.download import download
from speechsvc.transcription.errors import ModelIncomplete, ModelNotDownloaded, ModelUnknown

_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
SOURCE_FILE = "source.json"  # where a downloaded model came from


def locate_model(name_or_path: str, *, model_dir: Path) -> Path | None:
    """The folder of a model that is on this machine, or None if it would have to be downloaded.

    Touches no network. A local folder wins, then the bundled demo model, then what was downloaded or copied to
    `model_dir/<name>`. Raises ModelUnknown, or ModelIncomplete naming the missing file.
    """
    if _is_path(name_or_path):
        folder = Path(name_or_path).expanduser()
        check_folder(folder)
        return folder
    entry = _entry(name_or_path)
    if entry.bundled:
        folder = bundled("models") / entry.name
        check_folder(folder, entry)
        return folder
    folder = model_dir / entry.name
    return folder if folder.is_dir() and missing_file(folder, entry) is None else None


def resolve_model(
    name_or_path: str,
    *,
    model_dir: Path,
    hub_endpoint: str | None = None,
    offline: bool = False,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Path:
    """As `locate_model`, then downloads what is missing; an interrupted download continues.

    `hub_endpoint` is a mirror such as https://hf-mirror.com; `progress` gets 0 to 1.
    Raises ModelUnknown, ModelIncomplete, ModelNotDownloaded, ModelDownloadFailed or ModelDiskFull.
    """
    found = locate_model(name_or_path, model_dir=model_dir)
    if found is not None:
        return found
    entry = _entry(name_or_path)
    folder = model_dir / entry.name
    if offline:
        raise ModelNotDownloaded(name=entry.name, folder=str(folder))
    download(entry, folder, endpoint=hub_endpoint, progress=progress)
    check_folder(folder, entry)
    return folder


def check_folder(folder: Path, entry: ModelEntry | None = None) -> None:
    """Raises ModelIncomplete if `folder` cannot be a CTranslate2 Whisper model, saying what is wrong."""
    if not folder.is_dir():
        raise ModelIncomplete(folder=str(folder), problem="there is no such folder", problem_zh="没有这个文件夹")
    missing = missing_file(folder, entry)
    if missing is not None:
        raise ModelIncomplete(folder=str(folder), problem=f"{missing} is missing", problem_zh=f"缺少 {missing}")
    if entry is not None and entry.kind != "speech":
        return
    if (folder / "model.bin").stat().st_size < 4096:
        problem = "model.bin is only a pointer, not the model (Git LFS was not fetched)"
        raise ModelIncomplete(
            folder=str(folder), problem=problem, problem_zh="model.bin 只是指针文件（未取回 Git LFS 内容）"
        )


def missing_file(folder: Path, entry: ModelEntry | None = None) -> str | None:
    """Name of the first needed file that `folder` lacks."""
    for name in entry.files if entry else _NEEDED:
        if not (folder / name).is_file():
            return name
    if entry is not None and entry.kind != "speech":
        return None
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        return "vocabulary.json"
    return None


def source_of(folder: Path) -> dict[str, str | None]:
    """Repository and revision of a downloaded model; empty for other folders."""
    try:
        source = json.loads((folder / SOURCE_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return source if isinstance(source, dict) else {}


def _is_path(name: str) -> bool:
    """A folder, or something that can only be meant as one; `owner/name` of the catalogue is a repository."""
    if load_catalogue().find(name) is not None and not Path(name).is_dir():
        return False
    return Path(name).expanduser().is_dir() or name.startswith((".", "/", "~")) or "\\" in name


def _entry(name: str) -> ModelEntry:
    entry = load_catalogue().find(name)
    if entry is None:
        raise ModelUnknown(name=name, known=", ".join(model.name for model in load_catalogue().models))
    return entry
