"""Lexicon and rubric files on this machine: read whatever form they have, write the one that the name asks for."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from speechsvc.cli.common import FileMissing, say
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.ruleset import Content, FileFormat, RulesetKind
from speechsvc.errors import InvalidInput

_SUFFIXES = {
    ".yaml": FileFormat.YAML,
    ".yml": FileFormat.YAML,
    ".json": FileFormat.JSON,
    ".xlsx": FileFormat.XLSX,
    ".zip": FileFormat.CSV,
}


def read_rules(kind: RulesetKind, path: Path) -> Content:
    """A file, a folder of YAML files, or a folder of CSV files. Raises what the form's reader raises."""
    from speechsvc.tagging.lexicon_file import load_lexicon
    from speechsvc.tagging.rulebook import FileRulebook

    if not path.exists():
        raise FileMissing(what=say(f"file or folder {path}", f"文件或文件夹 {path}"))
    table = table_bytes(path)
    if table is None and path.is_dir():
        return lexicon_data(load_lexicon(path))
    data, format = table or (path.read_bytes(), format_of(path))
    book = FileRulebook()
    return book.read(kind, book.parse(kind, data, format)).content


def table_bytes(path: Path) -> tuple[bytes, FileFormat] | None:
    """A workbook, an archive or a folder of CSV files; none for other forms."""
    if path.is_dir():
        return (_packed(path), FileFormat.CSV) if (path / "entries.csv").exists() else None
    format = format_of(path)
    return (path.read_bytes(), format) if format.is_table else None


def write_rules(kind: RulesetKind, content: Content, path: Path) -> None:
    """By suffix; a name without one becomes a folder of CSV files."""
    from speechsvc.tagging.rulebook import FileRulebook

    format = format_of(path) if path.suffix else FileFormat.CSV
    data = FileRulebook().write(kind, content, format)
    if path.suffix:
        path.write_bytes(data)
        return
    path.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():  # names of our own making
            (path / name).write_bytes(archive.read(name))


def format_of(path: Path) -> FileFormat:
    """Raises InvalidInput."""
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        known = ", ".join(_SUFFIXES)
        raise InvalidInput(
            field=path.name, problem=f"the name must end in {known}", problem_zh=f"文件名须以 {known} 结尾"
        )
    return found


def _packed(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.glob("*.csv")):
            archive.write(file, file.name)
    return out.getvalue()
