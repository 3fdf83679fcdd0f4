"""Joins lexicon and rubric files to the `Rulebook` port: content in, values or every problem out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from speechsvc.domain.learned_data import learned_data
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.rubric import InvalidRubric
from speechsvc.domain.ruleset import Content, FileFormat, Ruleset, RulesetKind
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.resources import bundled
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.check import check_lexicon
from speechsvc.tagging.evaluate import LabelledCall, LabelledCallsInvalid, evaluate, labelled_call
from speechsvc.tagging.learned.train import Options, require_enough, train
from speechsvc.tagging.lexicon_file import LexiconInvalid, load_lexicon, parse_lexicon, stored_lexicon
from speechsvc.tagging.rubric_file import load_rubric, read_rubric
from speechsvc.tagging.rule_files import parse_rules, write_rules
from speechsvc.tagging.tagger import LexiconTagger


class FileRulebook:
    """Its default are the files that are named, or those that travel with the package; read once."""

    def __init__(
        self,
        lexicon: Path | None = None,
        rubric: Path | None = None,
        *,
        homophones: bool = True,
        learned: bool = True,
    ) -> None:
        self._lexicon_path = lexicon or bundled("lexicons") / "default"
        self._rubric_path = rubric
        self._homophones, self._learned = homophones, learned

    def default(self, kind: RulesetKind) -> Ruleset:
        return self._lexicon if kind is RulesetKind.LEXICON else self._rubric

    def checked(self, kind: RulesetKind, content: Content) -> Content:
        if kind is RulesetKind.LEXICON:
            return lexicon_data(parse_lexicon(content))
        return read_rubric(content).to_dict()

    def read(self, kind: RulesetKind, content: Content, number: int | None = None) -> Ruleset:
        if number is not None:
            content = content | {"name": kind.value, "version": number}
        if kind is RulesetKind.LEXICON:
            lexicon = parse_lexicon(content)
            digest = lexicon.digest  # costs a tenth of a second with learned entries
            return Ruleset(kind=kind, label=lexicon.labelled(digest), digest=digest, content=lexicon_data(lexicon))
        rubric = read_rubric(content)
        return Ruleset(kind=kind, label=rubric.label, digest=rubric.digest, content=rubric.to_dict())

    def analyser(self, lexicon: Content, rubric: Content) -> LexiconAnalyser:
        return LexiconAnalyser(
            stored_lexicon(lexicon), read_rubric(rubric), homophones=self._homophones, learned=self._learned
        )

    def check(self, kind: RulesetKind, content: Content) -> tuple[str, ...]:
        try:
            if kind is RulesetKind.LEXICON:
                return tuple(check_lexicon(parse_lexicon(content)))
            read_rubric(content)
        except LexiconInvalid as error:
            return tuple(error.details.get("problems") or [str(error)])
        except InvalidRubric as error:
            return (f"{error.details['problem']}. {error.details['cure']}",)
        return ()

    def evaluate(self, lexicon: Content, calls: Sequence[Any]) -> dict[str, Any]:
        report = evaluate(
            LexiconTagger(parse_lexicon(lexicon), homophones=self._homophones, learned=self._learned), _labelled(calls)
        )
        places = [
            {"call_id": d.call_id, "turn": d.turn, "topic": d.topic, "kind": d.kind, "entry": d.entry}
            for d in report.disagreements
        ]
        return {"figures": report.as_dict(), "places": places}

    def train(self, lexicon: Content, calls: Sequence[Any], floor: float) -> Content:
        parsed, labelled = parse_lexicon(lexicon).written, _labelled(calls)
        require_enough(labelled)
        tagger = LexiconTagger(parsed, homophones=self._homophones)
        written = [tagger.tag(call.conversation) for call in labelled]
        return learned_data(train(parsed, labelled, written, Options(floor=floor)))

    def scores(self, lexicon: Content, rubric: Content, calls: Sequence[Any]) -> list[dict[str, Any]]:
        analyser, found = self.analyser(lexicon, rubric), []
        for call in _labelled(calls):
            said = call.conversation
            score, _ = analyser.score(said, analyser.tag(said), measure_talk_from_turns(said))
            found.append({"call_id": said.call_id} | {k: score[k] for k in ("total", "counts_toward_performance")})
        return found

    def write(self, kind: RulesetKind, content: Content, format: FileFormat) -> bytes:
        return write_rules(kind, content, format)

    def parse(self, kind: RulesetKind, data: bytes, format: FileFormat) -> Content:
        return parse_rules(kind, data, format)

    @cached_property
    def _lexicon(self) -> Ruleset:
        found = load_lexicon(self._lexicon_path)
        content = lexicon_data(found)
        return Ruleset(kind=RulesetKind.LEXICON, label=found.label, digest=found.digest, content=content)

    @cached_property
    def _rubric(self) -> Ruleset:
        found = load_rubric(self._rubric_path)
        return Ruleset(kind=RulesetKind.RUBRIC, label=found.label, digest=found.digest, content=found.to_dict())


def _labelled(calls: Sequence[Any]) -> list[LabelledCall]:
    found = []
    for number, call in enumerate(calls, 1):
        try:
            found.append(labelled_call(call))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LabelledCallsInvalid(problem=f"call {number}: {type(error).__name__}") from error
    return found
