"""How the score agrees with human judgement, and what each component adds: `python -m tests.bench.calibration FILE...`.

Without files: the development calls, on which the model of the next step was trained; there each call's next step is
judged by a model that has not seen it (cross-validation over stories). `--phrases`: next steps by the phrases alone.
Calls with `human_quality` count, tagged by the default lexicon. Prints the table of docs/score.md. The score is in
whole numbers; only the statistics here are not.
"""

from __future__ import annotations

import bisect
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from speechsvc.domain.analysis import NextStep
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.score import ScoreInputs
from speechsvc.domain.scoring import collect_inputs, score
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.resources import bundled
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.evaluate import labelled_call, read_labelled_calls
from speechsvc.tagging.learned.next_step_train import Options, examples_of, models_by_story
from speechsvc.tagging.lexicon_file import load_lexicon
from speechsvc.tagging.next_step_judge import NextStepJudge
from speechsvc.tagging.rubric_file import load_rubric

GOLD = Path(__file__).parents[1] / "gold"
LONG = 20  # turns
Finder = Callable[[Conversation], NextStep]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A call with its snapshot and what people said of it."""

    call_id: str
    human: int
    turns: int
    customer_characters: int
    effective: bool
    inputs: ScoreInputs


def judged(files: Sequence[Path], find: Finder) -> list[Judged]:
    """Each call once; calls without a human judgement are left out."""
    rubric = load_rubric()
    analyser = LexiconAnalyser(load_lexicon(bundled("lexicons") / "default"), rubric)
    lines = (json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines())
    rows = {row["call_id"]: row for row in lines if row.get("human_quality") is not None}
    return [_judged(row, analyser, find) for row in rows.values()]


def _judged(row: dict[str, Any], analyser: LexiconAnalyser, find: Finder) -> Judged:
    said = labelled_call(row).conversation
    tagging = analyser.tag(said)
    talk = measure_talk_from_turns(said)
    inputs = collect_inputs(said, tagging.mentions, tagging.contact, find(said), talk)
    return Judged(
        call_id=row["call_id"],
        human=row["human_quality"],
        turns=len(said.turns),
        customer_characters=inputs.calls[0].customer_characters,
        effective=row["contact"] == "effective",
        inputs=inputs,
    )


def agreement(calls: Sequence[Judged], of: Callable[[Judged], int]) -> dict[str, Any]:
    """Rank correlations and the share on the same side of 60."""
    machine, human = [of(c) for c in calls], [c.human for c in calls]
    long = [i for i, c in enumerate(calls) if c.effective and c.turns >= LONG]
    some = [machine[i] for i in long], [human[i] for i in long], [calls[i].turns for i in long]
    return {
        "calls": len(calls),
        "spearman": round(spearman(machine, human), 3),
        "long_calls": len(long),
        "long_spearman": round(spearman(some[0], some[1]), 3),
        "long_given_length": round(partial(*some), 3),
        "same_side": round(sum((m >= 60) == (h >= 60) for m, h in zip(machine, human, strict=True)) / len(calls), 3),
    }


def ablation(calls: Sequence[Judged], rubric: Rubric) -> dict[str, dict[str, Any]]:
    """The whole rubric, each component away (its points go to the others in proportion), no gates, length alone."""
    table = {"whole rubric": agreement(calls, lambda c: score(c.inputs, rubric).total)}
    for component in (c.id for c in rubric.components if c.id not in ("documents", "minutes")):
        left = replace(rubric, components=tuple(c for c in rubric.components if c.id != component))
        table[f"without {component}"] = agreement(calls, lambda c, r=left: score(c.inputs, r).total)
    bare = replace(rubric, gates=())
    table["without gates"] = agreement(calls, lambda c: score(c.inputs, bare).total)
    table["number of turns alone"] = agreement(calls, lambda c: c.turns)
    table["customer's characters alone"] = agreement(calls, lambda c: c.customer_characters)
    return table


def spearman(a: Sequence[int], b: Sequence[int]) -> float:
    return _pearson(_ranks(a), _ranks(b))


def partial(a: Sequence[int], b: Sequence[int], given: Sequence[int]) -> float:
    """Rank correlation of `a` and `b` that is left when `given` explains what it can."""
    ab, ac, bc = spearman(a, b), spearman(a, given), spearman(b, given)
    rest = ((1 - ac**2) * (1 - bc**2)) ** 0.5
    return (ab - ac * bc) / rest if rest else 0.0


def _ranks(values: Sequence[int]) -> list[float]:
    ordered = sorted(values)
    return [(bisect.bisect_left(ordered, v) + bisect.bisect_right(ordered, v) - 1) / 2 for v in values]


def _pearson(a: Sequence[float], b: Sequence[float]) -> float:
    n = len(a)
    x, y = sum(a) / n, sum(b) / n
    spread = (sum((p - x) ** 2 for p in a) * sum((q - y) ** 2 for q in b)) ** 0.5
    return sum((p - x) * (q - y) for p, q in zip(a, b, strict=True)) / spread if spread else 0.0


def unseen() -> Finder:
    """For development calls: by models that have not seen the call."""
    calls = [c for file in (*_development(), GOLD / "endings.jsonl") for c in read_labelled_calls(file)]
    models = models_by_story(examples_of(calls), Options())
    judges = {id(m): NextStepJudge(model=m) for m in models.values()}
    anyone = next(iter(models.values()))  # calls that reached nobody are trained on by none
    return lambda said: judges[id(models.get(said.call_id, anyone))].find(said)


def _development() -> list[Path]:
    """Calls that rules may be tuned on: what is held apart is measured only by name."""
    return [p for p in sorted(GOLD.glob("*.jsonl")) if p.stem == "dev" or p.stem.startswith("w")]


def main(arguments: Sequence[str]) -> None:
    files = [Path(a) for a in arguments if a != "--phrases"]
    phrases = "--phrases" in arguments
    find = NextStepJudge(learned=not phrases).find if files or phrases else unseen()
    calls = judged(files or _development(), find)
    heads = ("calls", "spearman", "long_calls", "long_spearman", "long_given_length", "same_side")
    print("| | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
    for name, row in ablation(calls, load_rubric()).items():
        print(f"| {name} | " + " | ".join(str(row[h]) for h in heads) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
