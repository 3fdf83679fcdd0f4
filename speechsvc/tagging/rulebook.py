"""Joins lexicon and rubric files to the `Rulebook` port: content in, values or every problem out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.ruleset import Content, Ruleset, RulesetKind
from speechsvc.resources import bundled
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.lexicon_file import load_lexicon, parse_lexicon
from speechsvc.tagging.rubric_file import load_rubric, read_rubric


class FileRulebook:
    """Its default are the files that are named, or those that travel with the package; read once."""

    def __init__(self, lexicon: Path | None = None, rubric: Path | None = None, *, homophones: bool = True) -> None:
        self._lexicon_path = lexicon or bundled("lexicons") / "default"
        self._rubric_path = rubric
        self._homophones = homophones

    def default(self, kind: RulesetKind) -> Ruleset:
        return self._lexicon if kind is RulesetKind.LEXICON else self._rubric

    def read(self, kind: RulesetKind, content: Content, number: int | None = None) -> Ruleset:
        if number is not None:
            content = content | {"name": kind.value, "version": number}
        if kind is RulesetKind.LEXICON:
            lexicon = parse_lexicon(content)
            return Ruleset(kind=kind, label=lexicon.label, digest=lexicon.digest, content=lexicon_data(lexicon))
        rubric = read_rubric(content)
        return Ruleset(kind=kind, label=rubric.label, digest=rubric.digest, content=rubric.to_dict())

    def analyser(self, lexicon: Content, rubric: Content) -> LexiconAnalyser:
        return LexiconAnalyser(parse_lexicon(lexicon), read_rubric(rubric), homophones=self._homophones)

    @cached_property
    def _lexicon(self) -> Ruleset:
        found = load_lexicon(self._lexicon_path)
        content = lexicon_data(found)
        return Ruleset(kind=RulesetKind.LEXICON, label=found.label, digest=found.digest, content=content)

    @cached_property
    def _rubric(self) -> Ruleset:
        found = load_rubric(self._rubric_path)
        return Ruleset(kind=RulesetKind.RUBRIC, label=found.label, digest=found.digest, content=found.to_dict())
