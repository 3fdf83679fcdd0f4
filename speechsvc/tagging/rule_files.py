"""Content of a lexicon or rubric to the bytes of a file, and back."""

from __future__ import annotations

import json
from typing import Any

import yaml

from speechsvc.domain.ruleset import Content, FileFormat, RulesetKind
from speechsvc.tagging.lexicon_file import LexiconInvalid, parse_lexicon_text
from speechsvc.tagging.lexicon_sheets import lexicon_of, sheets_of
from speechsvc.tagging.rubric_file import parse_rubric
from speechsvc.tagging.sheet_files import FormatUnusable, TableUnreadable, read_csv, read_xlsx, write_csv, write_xlsx

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_rules(kind: RulesetKind, content: Content, format: FileFormat) -> bytes:
    """Raises FormatUnusable for a rubric, or a cell too long for Excel."""
    if format is FileFormat.JSON:
        return json.dumps(content, ensure_ascii=False, indent=1).encode()
    if format is FileFormat.YAML:
        text: str = yaml.dump(content, Dumper=_WrittenOut, allow_unicode=True, sort_keys=False, width=1000)
        return text.encode()
    if kind is RulesetKind.RUBRIC:
        raise FormatUnusable(problem="a rubric is no table")
    sheets = sheets_of(content)
    return write_xlsx(sheets) if format is FileFormat.XLSX else write_csv(sheets)


def parse_rules(kind: RulesetKind, data: bytes, format: FileFormat) -> Content:
    """As the file says it; `FileRulebook.read` checks it. Raises SpeechsvcError (422)."""
    if format.is_table:
        if kind is RulesetKind.RUBRIC:
            raise FormatUnusable(problem="a rubric is no table")
        return lexicon_of(read_xlsx(data) if format is FileFormat.XLSX else read_csv(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableUnreadable(problem=f"not UTF-8 at byte {error.start}", problem_zh="不是 UTF-8 文本") from error
    if kind is RulesetKind.RUBRIC:
        return parse_rubric(text).to_dict()
    found = _json(text) if format is FileFormat.JSON else parse_lexicon_text(text)
    if not isinstance(found, dict):
        raise LexiconInvalid(problem="the file holds no lexicon; it needs name, version and topics")
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LexiconInvalid(problem=f"not JSON ({error}); correct it") from error


class _WrittenOut(_DUMPER):  # type: ignore[misc]
    """Without anchors and aliases: people read and compare these files."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
