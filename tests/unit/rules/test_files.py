"""Lexicons as YAML, JSON, Excel and CSV: out and in again without loss, and mistakes named by sheet and row."""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speechsvc.domain.lexicon import Conditions, Entry, Example, Topic
from speechsvc.domain.ruleset import Content, FileFormat
from speechsvc.errors import SpeechsvcError
from speechsvc.tagging.cells import cell_pattern, cell_words, pattern_cell, words_cell
from speechsvc.tagging.lexicon_file import LexiconInvalid
from speechsvc.tagging.lexicon_sheets import HEADS, lexicon_of, sheets_of
from speechsvc.tagging.sheet_files import FormatUnusable, TableUnreadable
from tests.unit.rules.content import BOOK, LEXICON, RUBRIC, lexicon, rubric, topic

FORMATS = list(FileFormat)
UNFIT = "\ufffe\uffff"


def again(content: Content, format: FileFormat) -> Content:
    return BOOK.read(LEXICON, BOOK.parse(LEXICON, BOOK.write(LEXICON, content, format), format)).content


@pytest.mark.parametrize("format", FORMATS)
def test_the_default_lexicon_comes_back_whole(format: FileFormat) -> None:
    default = BOOK.default(LEXICON).content
    if format.is_table:  # which holds no learned entries
        default = {k: v for k, v in default.items() if k != "learned"}
    assert again(default, format) == default


@pytest.mark.parametrize("format", [FileFormat.YAML, FileFormat.JSON])
def test_a_rubric_comes_back_whole(format: FileFormat) -> None:
    default = rubric()
    assert BOOK.parse(RUBRIC, BOOK.write(RUBRIC, default, format), format) == default


@pytest.mark.parametrize("format", [FileFormat.XLSX, FileFormat.CSV])
def test_a_rubric_is_no_table(format: FileFormat) -> None:
    with pytest.raises(FormatUnusable):
        BOOK.write(RUBRIC, rubric(), format)
    with pytest.raises(FormatUnusable):
        BOOK.parse(RUBRIC, b"", format)


def test_sheets_have_a_column_for_every_field() -> None:
    """A field without one would be lost without a word."""
    given = {f.name for kind in (Entry, Conditions) for f in fields(kind)} - {"conditions"} | {"topic"}
    assert set(HEADS["entries"]) == given
    assert set(HEADS["topics"]) == {f.name for f in fields(Topic)} - {"entries", "match", "no_match"}
    assert set(HEADS["examples"]) == {f.name for f in fields(Example)} | {"topic", "match"}


# what people type, and what spreadsheets, CSV readers and YAML trip over
tricky = st.text(
    st.one_of(
        st.sampled_from("、，,；;…\\|= +-@'\"\n\t#&*!%<>{}[]:?~`　是否yes01.9_x"),
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=UNFIT),
    ),
    min_size=1,
    max_size=12,
).filter(lambda s: s.strip() and "_x005F_" not in s)
some = st.lists(tricky, max_size=3)
part = st.lists(tricky.map(lambda s: s.replace("|", "/").replace("<", "(")), min_size=1, max_size=3).map("|".join)
conditions = {
    "near": some,
    "not_near": some,
    "not_inside": some,
    "window": st.integers(1, 200),
    "question": st.booleans(),
    "homophones": st.booleans(),
    "speaker": st.sampled_from(["agent", "customer", "unknown"]),
    "previous": st.just(["price"]),
    "before": st.just(["other"]),
    "after": st.just(["other"]),
    "homophone_floor": st.integers(2, 20),
    "first_seconds": st.floats(0.001, 1e9),
    "last_seconds": st.integers(1, 99),
    "at": st.sampled_from(["start", "end"]),
    "max_chars": st.integers(1, 10**6),
    "polarity": st.sampled_from(["affirmed", "negated"]),
    "gap": st.integers(0, 40),
    "within": st.sampled_from(["sentence", "turn"]),
    "note": tricky,
}
terms = st.fixed_dictionaries({"term": tricky}, optional=conditions | {"variants": some})
patterns = st.fixed_dictionaries(
    {"pattern": st.lists(part.map(lambda p: "词" + p), min_size=1, max_size=4)}, optional=conditions
)
expressions = st.fixed_dictionaries(
    {"regex": st.sampled_from(["价.{0,3}高", "^报价|折扣$", "预算、[，,；]?批\\d+", "=1"])}, optional=conditions
)
sentence = st.one_of(
    tricky,
    st.fixed_dictionaries(
        {"text": tricky},
        optional={
            "previous": tricky,
            "speaker": st.sampled_from(["agent", "unknown"]),
            "polarity": st.sampled_from(["affirmed", "negated"]),
        },
    ),
)


@st.composite
def lexicons(draw: Any) -> Content:
    entries = draw(st.lists(st.one_of(terms, patterns, expressions), max_size=4))
    for number, entry in enumerate(entries):
        entry["id"] = f"e{number}" + draw(tricky)
    first = topic(
        name=draw(tricky),
        name_en=draw(st.one_of(st.just(""), tricky)),
        definition=draw(st.one_of(st.just(""), tricky)),
        weight=draw(st.integers(0, 100)),
        entries=entries,
        examples={"match": draw(st.lists(sentence, max_size=3)), "no_match": draw(st.lists(sentence, max_size=3))},
    )
    return lexicon(first, topic("other", entries=[], examples={}))


@settings(max_examples=150, deadline=None)
@given(content=lexicons())
def test_export_and_import_lose_nothing(content: Content) -> None:
    for format in FORMATS:
        assert again(content, format) == content, format
    assert lexicon_of(sheets_of(content)) | {"topics": 0} == content | {"topics": 0}


@example(words=["0\n", "\n0", " 、\\ ", "\\\n"], parts=["…", " a…", "\\"])
@given(words=some, parts=st.lists(tricky, max_size=4))
def test_cells_lose_nothing(words: list[str], parts: list[str]) -> None:
    assert cell_words(words_cell(words)) == words
    assert cell_pattern(pattern_cell(parts)) == parts


@given(cell=st.text(max_size=30))
def test_any_cell_can_be_read(cell: str) -> None:
    assert cell_words(words_cell(cell_words(cell))) == cell_words(cell)
    assert cell_pattern(pattern_cell(cell_pattern(cell))) == cell_pattern(cell)


def test_cells_take_what_people_type() -> None:
    assert cell_words(" 报价，报个价; 报价单\n出价 、") == ["报价", "报个价", "报价单", "出价"]
    assert cell_pattern("能|可以……便宜|优惠 … !吗") == ["能|可以", "便宜|优惠", "!吗"]


def workbook(change: Any) -> bytes:
    """An export of a small lexicon as somebody saved it again with Excel."""
    book = openpyxl.load_workbook(io.BytesIO(BOOK.write(LEXICON, lexicon(), FileFormat.XLSX)))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_sheet_that_a_person_filled() -> None:
    def fill(book: Any) -> None:
        sheet = book["entries"]
        for x, head in enumerate(["主题", "Term", "其他说法", "homophones 容许同音", "window"], 1):
            sheet.cell(1, x).value = head
        for x in range(6, 30):
            sheet.cell(1, x).value = None
        for x, value in enumerate(["price", 27001, "报价，出价", True, 12.0], 1):
            sheet.cell(2, x).value = value
        sheet.cell(5, 1).value = " "

    content = BOOK.read(LEXICON, BOOK.parse(LEXICON, workbook(fill), FileFormat.XLSX)).content
    (entry,) = content["topics"][0]["entries"]
    assert entry == {"id": "price/27001", "term": "27001", "variants": ["报价", "出价"], "homophones": True}


def test_mistakes_are_named_by_sheet_and_row() -> None:
    def spoil(book: Any) -> None:
        heads = [cell.value.split()[0] for cell in book["entries"][1]]
        book["entries"].cell(2, heads.index("gap") + 1).value = "many"
        book["entries"].cell(2, heads.index("question") + 1).value = "perhaps"
        book["entries"].append(["nowhere", "x", "词"])
        book["examples"].cell(1, 3).value = "sentence"

    with pytest.raises(LexiconInvalid) as caught:
        BOOK.parse(LEXICON, workbook(spoil), FileFormat.XLSX)
    told = "\n".join(caught.value.details["problems"])
    for words in ("'entries' row 2: gap", "'entries' row 2: question", "'entries' row 3: its topic", "'sentence'"):
        assert words in told


def test_csv_may_come_from_a_chinese_excel_and_holds_no_formula() -> None:
    content = lexicon(topic(entries=[{"id": "price/=1+1", "term": "=1+1", "note": "'=x"}]))
    data = BOOK.write(LEXICON, content, FileFormat.CSV)
    gbk = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(gbk, "w") as new:
        entries = old.read("entries.csv").decode("utf-8-sig")
        assert ",=1+1" not in entries
        for name in old.namelist():
            new.writestr(f"词库/{name}", old.read(name).decode("utf-8-sig").encode("gb18030"))
    assert BOOK.read(LEXICON, BOOK.parse(LEXICON, gbk.getvalue(), FileFormat.CSV)).content == content


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("entries.csv", b"0" * (65 << 20))
    return out.getvalue()


LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(f'*{chr(97 + n)}' for _ in range(10))}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b"", FileFormat.XLSX),
        (b"PK\x03\x04nonsense", FileFormat.XLSX),
        (b"a,b", FileFormat.CSV),
        (bomb(), FileFormat.CSV),
        (bomb(), FileFormat.XLSX),
        (b"\xff\xfe", FileFormat.YAML),
        (b"- 1", FileFormat.YAML),
        (b"a: [", FileFormat.YAML),
        (b"a: &a [*a]", FileFormat.YAML),
        (LAUGHS.encode(), FileFormat.YAML),
        (b"[1]", FileFormat.JSON),
        (b"{", FileFormat.JSON),
        (b"[" * 100_000, FileFormat.JSON),
    ],
)
def test_what_is_no_lexicon_is_refused_quickly(data: bytes, format: FileFormat) -> None:
    with pytest.raises((LexiconInvalid, TableUnreadable)) as caught:
        BOOK.read(LEXICON, BOOK.parse(LEXICON, data, format))
    assert isinstance(caught.value, SpeechsvcError)
    assert caught.value.status == 422


def test_a_cell_too_long_for_excel_is_refused_not_cut() -> None:
    long = lexicon(topic(entries=[{"id": "e", "term": "词", "variants": [f"{n:060}" for n in range(999)]}]))
    with pytest.raises(FormatUnusable):
        BOOK.write(LEXICON, long, FileFormat.XLSX)
    assert again(long, FileFormat.CSV) == long
