"""Lexicon files: read, refuse with file, entry and cure, write and read back."""

from pathlib import Path

import pytest

from speechsvc.domain.lexicon import Entry, Lexicon, Topic
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.tagging.check import check_lexicon
from speechsvc.tagging.lexicon_file import LexiconInvalid, default_lexicon, load_lexicon, parse_lexicon
from tests.unit.tagging.lexicon_fixture import lexicon

HEAD = "name: mine\nversion: 3\n"


def folder(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "lexicon.yaml").write_text(HEAD, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def problems(path: Path) -> str:
    with pytest.raises(LexiconInvalid) as caught:
        load_lexicon(path)
    return str(caught.value)


def test_folder_and_whole_file_are_the_same(tmp_path: Path) -> None:
    topic = "id: a\nname: 甲\nentries:\n  - {term: 等保, variants: [27001, no, 1.10], homophones: yes, gap: 3}\n"
    loaded = load_lexicon(folder(tmp_path, a=topic))
    whole = tmp_path / "whole.yml"
    whole.write_text(HEAD + "topics:\n  - " + topic.replace("\n", "\n    ").rstrip(), encoding="utf-8")
    assert load_lexicon(whole) == loaded
    (entry,) = loaded.topics[0].entries
    assert entry == Entry(id="a/等保", term="等保", variants=("27001", "no", "1.10"), homophones=True, gap=3)
    assert loaded.label == f"mine-3+{loaded.digest[:8]}"


def test_written_and_read_back_it_is_equal() -> None:
    for made in (lexicon(), default_lexicon()):
        assert parse_lexicon(lexicon_data(made)) == made


def test_the_digest_does_not_depend_on_the_order_of_entries() -> None:
    one, two = Entry(id="1", term="报价"), Entry(id="2", term="折扣")

    def made(*entries: Entry) -> Lexicon:
        return Lexicon(
            name="n", version=1, topics=(Topic(id="t", name="t", name_en="t", definition="", entries=entries),)
        )

    assert made(one, two).digest == made(two, one).digest
    assert made(one).digest != made(one, two).digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id: a\nname: 甲\nentries:\n  - {term: 报价, varaints: [价]}", ["a.yaml", "'报价'", "varaints", "Use one of"]),
        ("id: a\nname: 甲\nentries:\n  - {term: 报价, pattern: [价]}", ["a.yaml", "exactly one of"]),
        ("id: a\nname: 甲\nentries:\n  - {pattern: ['报|', '价']}", ["a.yaml", "empty alternative", "extra |"]),
        ("id: a\nname: 甲\nentries:\n  - {pattern: ['!报', '价']}", ["a.yaml", "only the last part"]),
        ("id: a\nname: 甲\nentries:\n  - {pattern: ['?报']}", ["a.yaml", "no required part"]),
        ("id: a\nname: 甲\nentries:\n  - {pattern: ['<money>']}", ["a.yaml", "plain words"]),
        ("id: a\nname: 甲\nentries:\n  - {term: 报价}\n  - {term: 报价}", ["a.yaml", "a/报价", "another 'id'"]),
        ("id: a\nname: 甲\nentries:\n  - {term: 报价, previous: [b]}", ["a/报价", "'b'", "no topic"]),
        ("id: a\nname: 甲\nentries:\n  - {term: 报价, gap: many}", ["a.yaml", "'报价'", "many"]),
        ("id: a\nname: [", ["a.yaml line", "YAML"]),
        ("name: 甲", ["a.yaml", "'id'"]),
    ],
)
def test_errors_name_file_entry_and_cure(tmp_path: Path, text: str, told: list[str]) -> None:
    message = problems(folder(tmp_path, a=text))
    assert all(word in message for word in told), message


def test_missing_files(tmp_path: Path) -> None:
    assert "no such file" in problems(tmp_path / "nowhere")
    assert "lexicon.yaml" in problems(tmp_path)


def test_check_runs_the_examples() -> None:
    topic = {
        "id": "a",
        "name": "甲",
        "entries": [{"term": "报价", "not_inside": ["折扣价"]}],
        "examples": {
            "match": ["发个报价", "多少钱", {"text": "先不谈报价", "polarity": "affirmed"}],
            "no_match": ["天气好", "报价太高"],
        },
    }
    found = check_lexicon(lexicon(topic))
    assert len(found) == 4
    assert "“多少钱” is not found" in found[0]
    assert "“先不谈报价” is negated by entry" in found[1]
    assert "“报价太高” must not match, but entry 'a/报价'" in found[2]
    assert "'折扣价' holds none of its words" in found[3]
