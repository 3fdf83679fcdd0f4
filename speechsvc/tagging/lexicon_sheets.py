"""A lexicon as four sheets, for people who live in spreadsheets: topics, one row an entry, examples, and its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from speechsvc.domain.ruleset import Content
from speechsvc.tagging.cells import cell_flag, cell_pattern, cell_words, flag_cell, pattern_cell, words_cell
from speechsvc.tagging.lexicon_file import LexiconInvalid

Sheets = dict[str, list[list[str]]]  # the first row holds the headings
Row = dict[str, str]

HEADS: dict[str, dict[str, str]] = {
    "topics": {"id": "编号", "name": "名称", "name_en": "英文名", "definition": "口径", "weight": "权重"},
    "entries": {
        "topic": "主题",
        "id": "编号",
        "term": "词",
        "variants": "其他说法",
        "pattern": "句式",
        "regex": "正则",
        "not_inside": "不在这些词里",
        "near": "附近要有",
        "not_near": "附近不能有",
        "window": "附近几个字",
        "homophones": "容许同音",
        "homophone_floor": "同音最少音节",
        "question": "问句",
        "speaker": "谁说的",
        "polarity": "极性",
        "previous": "上一句的主题",
        "before": "后面有主题",
        "after": "前面有主题",
        "gap": "间隔字数",
        "within": "范围",
        "at": "位置",
        "max_chars": "最多字数",
        "first_seconds": "开头几秒",
        "last_seconds": "结尾几秒",
        "note": "备注",
    },
    "examples": {
        "topic": "主题",
        "match": "应命中",
        "text": "说法",
        "previous": "上一句",
        "speaker": "谁说的",
        "polarity": "极性",
    },
    "about": {"name": "名称", "version": "版本"},
}
_LISTS = ("variants", "not_inside", "near", "not_near", "previous", "before", "after")
_WHOLE = ("weight", "window", "gap", "max_chars", "homophone_floor", "version")
_SECONDS = ("first_seconds", "last_seconds")
_FLAGS = ("homophones", "question")


def sheets_of(lexicon: Content) -> Sheets:
    """Content as `lexicon_data` makes it."""
    rows: dict[str, list[Row]] = {"topics": [], "entries": [], "examples": []}
    for topic in lexicon["topics"]:
        rows["topics"].append({name: str(topic[name]) for name in HEADS["topics"]})
        rows["entries"] += [{"topic": topic["id"]} | _entry_row(e) for e in topic["entries"]]
        rows["examples"] += [{"topic": topic["id"]} | row for row in _example_rows(topic["examples"])]
    rows["about"] = [{name: str(lexicon[name]) for name in HEADS["about"]}]
    return {sheet: [_headings(sheet), *([r.get(n, "") for n in HEADS[sheet]] for r in rows[sheet])] for sheet in HEADS}


def lexicon_of(sheets: Sheets) -> Content:
    """The reverse. Raises LexiconInvalid that names sheet, row and cure; entries keep the order of their rows."""
    problems: list[str] = []
    topics: dict[str, Content] = {}
    for where, row in _rows(sheets, "topics", problems):
        topic = _typed(row, where, problems)
        if "id" not in topic or topic["id"] in topics:
            problems.append(f"{where}: {'the id is missing' if 'id' not in topic else 'this topic stands twice'}.")
            continue
        topics[topic["id"]] = topic | {"entries": [], "examples": {"match": [], "no_match": []}}
    for sheet, put in (("entries", _put_entry), ("examples", _put_example)):
        for where, row in _rows(sheets, sheet, problems):
            home = topics.get(row.pop("topic", ""))
            if home is None:
                problems.append(f"{where}: its topic is on no row of the sheet 'topics'; add the topic or correct it.")
            else:
                put(home, row, where, problems)
    about = [_typed(row, where, problems) for where, row in _rows(sheets, "about", [])] or [{}]
    if problems:
        raise LexiconInvalid(problem="\n".join(problems[:50]), problems=problems)
    return {"name": "lexicon", "version": 0} | about[0] | {"topics": list(topics.values())}


def _headings(sheet: str) -> list[str]:
    return [f"{name} {chinese}" for name, chinese in HEADS[sheet].items()]


def _entry_row(entry: Content) -> Row:
    return {name: _cell(name, value) for name, value in entry.items()}


def _cell(name: str, value: Any) -> str:
    if name == "pattern":
        return pattern_cell(value)
    if name in _FLAGS:
        return flag_cell(value)
    return words_cell(value) if isinstance(value, list | tuple) else str(value)


def _example_rows(examples: Content) -> Iterator[Row]:
    for group in ("match", "no_match"):
        for example in examples[group]:
            fields = {"text": example} if isinstance(example, str) else example
            yield {"match": flag_cell(group == "match"), **fields}


def _rows(sheets: Sheets, sheet: str, problems: list[str]) -> Iterator[tuple[str, Row]]:
    """Place and filled cells of every row that holds something, by heading."""
    heads, *rows = sheets.get(sheet) or [[]]
    names = [_name(head, sheet) for head in heads]
    for head, name in zip(heads, names, strict=True):
        if name is None and head.strip():
            known = ", ".join(HEADS[sheet])
            problems.append(f"sheet '{sheet}': unknown column '{head}'; use one of {known}, or remove it.")
    if not heads:
        problems.append(f"sheet '{sheet}' is missing or empty; export the lexicon to see its form.")
    for number, cells in enumerate(rows, 2):
        filled = {n: c for n, c in zip(names, cells, strict=False) if n is not None and c != ""}
        if any(cell.strip() for cell in filled.values()):
            yield f"sheet '{sheet}' row {number}", filled


def _name(heading: str, sheet: str) -> str | None:
    """`term 词`, `Term` and `词` all name the column `term`."""
    text = heading.strip().lower()
    found = re.match(r"[a-z_]+", text)
    if found and found[0] in HEADS[sheet]:
        return found[0]
    return next((name for name, chinese in HEADS[sheet].items() if chinese == text), None)


def _put_entry(topic: Content, row: Row, where: str, problems: list[str]) -> None:
    topic["entries"].append(_typed(row, where, problems))


def _put_example(topic: Content, row: Row, where: str, problems: list[str]) -> None:
    try:
        match = cell_flag(row.pop("match", "yes"))
    except ValueError as error:
        problems.append(f"{where}: match {error}; write yes or no.")
        return
    if "text" not in row:
        problems.append(f"{where}: the text is missing; write the sentence.")
        return
    example = row if len(row) > 1 else row["text"]
    topic["examples"]["match" if match else "no_match"].append(example)


def _typed(row: Row, where: str, problems: list[str]) -> Content:
    typed: Content = {}
    for name, cell in row.items():
        try:
            typed[name] = _reader(name)(cell)
        except ValueError:
            wanted = "yes or no" if name in _FLAGS else "a number"
            problems.append(f"{where}: {name} must be {wanted}; correct the cell or leave it empty.")
    if "name" in typed and "id" in typed:
        typed.setdefault("name_en", "")
    return {k: v for k, v in typed.items() if v is not None}


def _reader(name: str) -> Callable[[str], Any]:
    if name in _LISTS:
        return cell_words
    if name in _WHOLE:
        return lambda cell: int(cell.strip())
    if name in _SECONDS:
        return lambda cell: float(cell.strip())
    if name in _FLAGS:
        return cell_flag
    return cell_pattern if name == "pattern" else str
