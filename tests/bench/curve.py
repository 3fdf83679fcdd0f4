"""Learning curves: F1 against labelled calls and against written entries, on calls that neither has seen.

    python -m tests.bench.curve --test tests/gold/w4.jsonl --train tests/gold/dev.jsonl tests/gold/w[1235].jsonl

writes a table (Markdown) to standard output and, with --picture, a PNG. Minutes of computing.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechsvc.domain.lexicon import Lexicon
from speechsvc.tagging.evaluate import LabelledCall, Report, evaluate, read_labelled_calls
from speechsvc.tagging.learned.train import Options, train
from speechsvc.tagging.lexicon_file import default_lexicon
from speechsvc.tagging.tagger import LexiconTagger

SIZES = (10, 20, 40, 80, 150, 200, 1000)
SHARES = (0.0, 0.125, 0.25, 0.5, 1.0)
SEED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    calls: int  # labelled calls trained on
    entries: int  # written
    learned: Report | None  # alone: with a lexicon that has no entries
    written: Report
    both: Report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs="+", type=Path, required=True)
    parser.add_argument("--test", nargs="+", type=Path, required=True)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    pool, test = _calls(given.train), _calls(given.test)
    random.Random(SEED).shuffle(pool)
    lexicon = default_lexicon().written
    by_calls = [_point(lexicon, pool[:size], test, alone=True) for size in _sizes(len(pool))]
    by_entries = [_point(_part(lexicon, share), pool, test, alone=False) for share in SHARES]
    sys.stdout.write("\n".join(_tables(by_calls, by_entries)) + "\n")
    if given.picture:
        _draw(by_calls, by_entries, given.picture)


def _calls(files: Sequence[Path]) -> list[LabelledCall]:
    return [call for file in files for call in read_labelled_calls(file)]


def _sizes(most: int) -> list[int]:
    return sorted({min(size, most) for size in SIZES})


def _part(lexicon: Lexicon, share: float) -> Lexicon:
    """A random part of each topic's entries; a smaller part lies inside a larger one."""
    topics = []
    for topic in lexicon.topics:
        entries = sorted(topic.entries, key=lambda entry: entry.id)
        random.Random(f"{SEED}:{topic.id}").shuffle(entries)
        topics.append(replace(topic, entries=tuple(entries[: round(share * len(entries))])))
    return replace(lexicon, topics=tuple(topics))


def _point(lexicon: Lexicon, calls: Sequence[LabelledCall], test: Sequence[LabelledCall], *, alone: bool) -> Point:
    sys.stderr.write(f"{len(calls)} calls, {sum(len(t.entries) for t in lexicon.topics)} entries\n")
    return Point(
        calls=len(calls),
        entries=sum(len(topic.entries) for topic in lexicon.topics),
        learned=_measured(_part(lexicon, 0.0), calls, test) if alone else None,
        written=evaluate(LexiconTagger(lexicon), test),
        both=_measured(lexicon, calls, test),
    )


def _measured(lexicon: Lexicon, calls: Sequence[LabelledCall], test: Sequence[LabelledCall]) -> Report:
    tagger = LexiconTagger(lexicon)
    learned = train(lexicon, calls, [tagger.tag(call.conversation) for call in calls], Options())
    return evaluate(LexiconTagger(replace(lexicon, learned=learned)), test)


def _tables(by_calls: Sequence[Point], by_entries: Sequence[Point]) -> Iterator[str]:
    yield "| labelled calls | learned alone P | R | F1 | written F1 | with learned P | R | F1 | negated F1 | heat F1 |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for point in by_calls:
        assert point.learned is not None
        cells = [*_shares(point.learned), _f1(point.written), *_shares(point.both), *_others(point.both)]
        yield f"| {point.calls} | " + " | ".join(cells) + " |"
    yield ""
    yield "| written entries | written P | R | F1 | with learned P | R | F1 | negated F1 | heat F1 |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for point in by_entries:
        cells = [*_shares(point.written), *_shares(point.both), *_others(point.both)]
        yield f"| {point.entries} | " + " | ".join(cells) + " |"


def _shares(report: Report) -> list[str]:
    return [_shown(report.micro.precision), _shown(report.micro.recall), _f1(report)]


def _f1(report: Report) -> str:
    return _shown(report.micro.f1)


def _others(report: Report) -> list[str]:
    return [_shown(report.negated.f1), _shown(report.heat.f1)]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _draw(by_calls: Sequence[Point], by_entries: Sequence[Point], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    calls = [point.calls for point in by_calls]
    left.plot(calls, [point.learned.micro.f1 or 0 for point in by_calls if point.learned], "o-", label="learned alone")
    left.plot(calls, [point.written.micro.f1 or 0 for point in by_calls], "--", label="written alone")
    left.plot(calls, [point.both.micro.f1 or 0 for point in by_calls], "s-", label="written and learned")
    left.set(xscale="log", xticks=calls, xticklabels=calls, xlabel="labelled calls", ylabel="micro F1, unseen calls")
    left.minorticks_off()
    entries = [point.entries for point in by_entries]
    right.plot(entries, [point.written.micro.f1 or 0 for point in by_entries], "--", label="written alone")
    right.plot(entries, [point.both.micro.f1 or 0 for point in by_entries], "s-", label="written and learned")
    right.set(xlabel="written entries (random part of each topic)")
    for axes in (left, right):
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
