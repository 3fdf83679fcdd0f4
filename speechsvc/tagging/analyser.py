"""Joins tagger, contact outcome, next step and rubric to the `Analyser` port: one lexicon, one rubric, one engine."""

from __future__ import annotations

from typing import Any

from speechsvc.domain.analysis import Tagging, Versions
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.score import ScoreInputs
from speechsvc.domain.score_facts import collect_inputs
from speechsvc.domain.scoring import SCORING_VERSION, score
from speechsvc.domain.talk import TalkMetrics
from speechsvc.tagging.contact import find_contact
from speechsvc.tagging.learned.trace import pack_trace
from speechsvc.tagging.next_step_judge import NextStepJudge
from speechsvc.tagging.phrase_file import phrases_version
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.version import ENGINE_VERSION


class LexiconAnalyser:
    """Deterministic and safe to share between threads. Building it takes a second or two: make one a process."""

    def __init__(self, lexicon: Lexicon, rubric: Rubric, *, homophones: bool = True, learned: bool = True) -> None:
        self._rubric = rubric
        self._tagger = LexiconTagger(lexicon, homophones=homophones, learned=learned)
        self._next_step = NextStepJudge(learned=learned)
        # everything that decides besides lexicon and rubric: tagger, phrase tables of contact and next step, the next
        # step's model, scoring code
        tables = f"phrases{phrases_version()}-next{self._next_step.version}"
        self._engine = f"{ENGINE_VERSION}-{tables}-scoring{SCORING_VERSION}"

    @property
    def versions(self) -> Versions:
        return Versions(lexicon=self._tagger.version, rubric=self._rubric.label, engine=self._engine)

    def tag(self, conversation: Conversation) -> Tagging:
        mentions, trace = self._tagger.traced(conversation)
        return Tagging(
            call_id=conversation.call_id,
            mentions=mentions,
            trace=None if trace is None else pack_trace(trace),
            contact=find_contact(conversation),
            next_step=self._next_step.find(conversation),
        )

    def score(
        self, conversation: Conversation, tagging: Tagging, talk: TalkMetrics
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        inputs = _inputs(conversation, tagging, talk)
        return score(inputs, self._rubric).to_dict(), inputs.to_dict()

    def points(self, conversation: Conversation, tagging: Tagging, talk: TalkMetrics) -> tuple[int, bool]:
        found = score(_inputs(conversation, tagging, talk), self._rubric)
        return found.total, found.counts_toward_performance


def _inputs(conversation: Conversation, tagging: Tagging, talk: TalkMetrics) -> ScoreInputs:
    return collect_inputs(conversation, tagging.mentions, tagging.contact, tagging.next_step, talk)
