"""The catalogue of speech models: `models/catalogue.yaml`, checked against its JSON Schema when read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from speechsvc.resources import bundled


@dataclass(frozen=True, kw_only=True, slots=True)
class Fast:
    """How the profile `fast` asks a model that was measured to hear no worse so."""

    window_s: int  # of speech
    padding_s: int  # of the silence behind it that the encoder still sees; 30: all
    beam_size: int
    batch: int  # windows, cut in pauses, that are decoded at once; 1: one after the other, cut where the text ends


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelEntry:
    """One model that the service can use by name."""

    name: str
    title: str
    title_zh: str
    bundled: bool  # travels with the package
    repo: str | None  # at the hub; None when bundled
    revision: str | None  # commit to download; None: the newest
    sha256: str | None  # of model.bin; None where we have not verified one ourselves
    files: tuple[str, ...]  # needed in the folder, besides a vocabulary
    size_mb: int  # to download, about
    memory_mb: int  # while recognising on a CPU with int8, about
    gpu_memory_mb: int | None  # with float16, about
    languages: str
    license: str
    note: str
    note_zh: str
    kind: str = "speech"  # or diarization: files of the full diarizer, no Whisper model
    fast: Fast | None = None  # None: not measured, so the profile is refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """All known models, in order of size."""

    version: int
    models: tuple[ModelEntry, ...]

    def find(self, name: str) -> ModelEntry | None:
        """The entry called `name`, or with that hub repository."""
        return next((m for m in self.models if name in (m.name, m.repo)), None)


@cache
def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Reads `catalogue.yaml` in `folder` (default: the bundled models). Raises ValueError if it is not valid."""
    folder = folder or bundled("models")
    raw = yaml.safe_load((folder / "catalogue.yaml").read_text("utf-8"))
    schema = json.loads((folder / "catalogue.schema.json").read_text("utf-8"))
    problem = next(iter(jsonschema.Draft202012Validator(schema).iter_errors(raw)), None)
    if problem is not None:
        where = "/".join(str(part) for part in problem.absolute_path)
        raise ValueError(f"models/catalogue.yaml, {where}: {problem.message}")
    return Catalogue(version=raw["version"], models=tuple(_entry(item) for item in raw["models"]))


def _entry(item: dict[str, Any]) -> ModelEntry:
    fast = item.get("fast")
    parts = {"files": tuple(item["files"]), "fast": Fast(**fast) if fast else None}
    return ModelEntry(**{**item, **parts})
