"""Builds the text that the synthetic speakers say: `corpus.txt.gz`, utterances grouped into streams of one speaker.

Four kinds: `real`, what was written by hand for this project; `sampled`, its words recombined; `template`, textbook
sentences; `words`, dictionary words at random, so that the model must listen. Nothing of the gold sample, of the calls
held apart and of the development calls D33-D50 (validation) is read.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from models.recipe import ngram, numbers, templates
from models.recipe.dialogue import labelled_calls, speakable, utterances, written_calls
from models.recipe.symbols import Vocabulary, common_characters

HERE = Path(__file__).parent
GOLD = HERE.parents[1] / "tests" / "gold"
VALIDATION = 32  # the first calls of dev.jsonl are for training, the rest to validate on
_SURNAMES = (
    *"王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭肖蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊",
    *"孟秦白江阎薛尹段雷龙黎史贺陶毛郝顾龚邵万覃武钱严赖文洪季代佟阮尚褚蔺邸应聂祁裴翟柯管温单鲍莫蒙仇柴岑费",
    *("欧阳", "司徒", "上官", "诸葛", "司马", "皇甫"),
)
_TITLES = (
    "总",
    "经理",
    "主任",
    "老师",
    "工",
    "处",
    "科长",
    "局",
    "院长",
    "姐",
    "哥",
    "师傅",
    "先生",
    "女士",
    "主管",
    "会计",
)
Stream = list[str]


def build(out: Path, *, seed: int = 1, general: Path | None = None, sampled: int = 3_000_000) -> None:
    """Writes `corpus.txt.gz` and `characters.txt` under `out`; `sampled` counts characters of recombined text.

    `general` is libpinyin's `interpolation2.text` (Debian source package libpinyin, GPL-3.0-or-later), from which
    pairs of common words are drawn; without it only our own words are recombined.
    """
    import jieba  # here, because speaking the corpus does not need it

    rng = random.Random(seed)
    real = list(_real_streams(rng))
    known = Counter("".join(text for stream in real for text in stream))
    characters = frozenset(common_characters()) | {c for c in known if "\u4e00" <= c <= "\u9fff"}
    out.mkdir(parents=True, exist_ok=True)
    (out / "characters.txt").write_text("".join(sorted(characters)), "utf-8")
    words = _dictionary(characters)
    pairs, singles = ngram.general_pairs(general, characters) if general else (ngram.Table(), words)
    sampler = ngram.Sampler((list(jieba.cut(text)) for stream in real for text in stream), pairs, singles)
    kinds = {
        "real": real,
        "sampled": _streams(lambda: sampler.sentence(rng), sampled, rng),
        "template": _streams(lambda: templates.sentence(rng), sampled // 5, rng),
        "words": _streams(lambda: _words(words, rng), sampled // 5, rng),
    }
    with gzip.open(out / "corpus.txt.gz", "wt", encoding="utf-8") as file:
        for kind, streams in kinds.items():
            for stream in streams:
                file.write(f"#{kind}\n" + "\n".join(stream) + "\n")


@cache
def read(file: Path) -> dict[str, list[Stream]]:
    """Streams by kind."""
    kinds: dict[str, list[Stream]] = {}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = line.rstrip("\n")
            if text.startswith("#"):
                kinds.setdefault(text[1:], []).append([])
                current = kinds[text[1:]][-1]
            else:
                current.append(text)
    return kinds


def vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a built corpus."""
    return Vocabulary(tuple((folder / "characters.txt").read_text("utf-8")))


def renamed(text: str, rng: random.Random) -> str:
    """`text` with other people's names and other numbers: who is called 佟主任 here is 邵主任 elsewhere."""
    if rng.random() < 0.3:
        for title in _TITLES:
            at = text.find(title)
            if at > 0 and text[at - 1] in _SURNAMES:
                text = text[: at - 1] + rng.choice(_SURNAMES) + text[at:]
                break
    if rng.random() < 0.3:
        for prefix in ("小", "老"):
            at = text.find(prefix)
            if at >= 0 and at + 1 < len(text) and text[at + 1] in _SURNAMES and text[at + 1] not in "时金石高田方":
                text = text[: at + 1] + rng.choice(_SURNAMES[:-6]) + text[at + 2 :]
                break
    return numbers.other_numbers(text, rng) if rng.random() < 0.5 else text


def validation_calls() -> Iterator[list[tuple[str, str]]]:
    """Calls that are not trained on."""
    for i, call in enumerate(labelled_calls([GOLD / "dev.jsonl"])):
        if i >= VALIDATION:
            yield call


def written_talks() -> Iterator[list[tuple[str, str]]]:
    """The conversations of `text/talks`, written for this recipe."""
    return written_calls(sorted((HERE / "text" / "talks").glob("*.txt")))


def training_calls() -> Iterator[list[tuple[str, str]]]:
    """All that is trained on as it was written."""
    yield from written_talks()
    yield from list(labelled_calls([GOLD / "dev.jsonl"]))[:VALIDATION]
    yield from labelled_calls(sorted(GOLD.glob("w?.jsonl")))


def _real_streams(rng: random.Random) -> Iterator[Stream]:
    for call in training_calls():
        for speaker in ("a", "c"):
            stream = [piece for who, text in call if who == speaker for piece in utterances(speakable(text), rng)]
            if stream:
                yield stream
    sentences = [json.loads(line)["turns"][0]["text"] for line in (GOLD / "sentences.jsonl").open(encoding="utf-8")]
    for i in range(0, len(sentences), 12):
        yield [piece for text in sentences[i : i + 12] for piece in utterances(speakable(text), rng)]


def _streams(draw: object, characters: int, rng: random.Random) -> Iterator[Stream]:
    while characters > 0:
        stream: Stream = []
        while len(stream) < 12:
            text = speakable(draw())  # type: ignore[operator]
            if len(text) > 1:
                stream.extend(utterances(text, rng))
        characters -= sum(map(len, stream))
        yield stream


def _dictionary(characters: Iterable[str]) -> tuple[list[str], list[float]]:
    import jieba

    known = frozenset(characters)
    words, sums, total = [], [], 0.0
    for line in jieba.get_dict_file().read().decode("utf-8").splitlines():
        word, count, *kind = line.split(" ")
        if int(count) < 5 or len(word) > 4 or not known.issuperset(word) or (kind and kind[0].startswith("nr")):
            continue
        total += min(int(count), 5000) ** 0.5
        words.append(word)
        sums.append(total)
    return words, sums


def _words(words: tuple[list[str], list[float]], rng: random.Random) -> str:
    drawn = rng.choices(words[0], cum_weights=words[1], k=rng.randint(3, 9))
    if len(drawn) > 5 and rng.random() < 0.4:
        drawn.insert(rng.randint(2, len(drawn) - 2), "，")
    return "".join(drawn) + "。"


def write_tables(out: Path) -> None:
    """`syllables.txt`, all that the corpus can say, and `filters.npy`, faster-whisper's mel filters."""
    from faster_whisper.feature_extractor import FeatureExtractor

    from models.recipe.voice import pinyin

    texts = {
        clause for s in read(out / "corpus.txt.gz").values() for stream in s for t in stream for clause in _split(t)
    }
    found = {syllable for clause in sorted(texts) for syllable in pinyin(clause)}
    (out / "syllables.txt").write_text("\n".join(sorted(found)) + "\n", "utf-8")
    np.save(out / "filters.npy", np.asarray(FeatureExtractor().mel_filters, np.float32))


def _split(text: str) -> list[str]:
    return [part for part in re.split("[，。？]", text) if part]
