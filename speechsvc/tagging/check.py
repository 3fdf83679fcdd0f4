"""`lexicon check`: runs every example through the real matcher, and looks for entries that cannot do what they say."""

from __future__ import annotations

from collections.abc import Iterator

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.lexicon import Entry, Example, Lexicon, Topic
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import normal_form

_SECONDS_A_CHARACTER = 0.2  # ordinary speech; examples carry no times


def check_lexicon(lexicon: Lexicon) -> list[str]:
    """Problems in plain words, each with topic or entry and cure; empty when all is well."""
    tagger = LexiconTagger(lexicon, learned=False)  # examples are about written entries
    problems: list[str] = []
    for topic in lexicon.topics:
        problems.extend(_example_problems(tagger, topic))
        for entry in topic.entries:
            problems.extend(f"entry '{entry.id}': {problem}" for problem in _dead(entry))
    return problems


def example_conversation(example: Example) -> Conversation:
    """The example as a conversation of one turn, or two with the turn before."""
    other = Speaker.AGENT if example.speaker is Speaker.CUSTOMER else Speaker.CUSTOMER
    said = [(other, example.previous)] if example.previous is not None else []
    turns, clock = [], 0.0
    for speaker, text in [*said, (example.speaker, example.text)]:
        turns.append(Turn(speaker=speaker, start=clock, end=clock + len(text) * _SECONDS_A_CHARACTER, text=text))
        clock = turns[-1].end
    return Conversation(call_id="example", turns=tuple(turns))


def _example_problems(tagger: LexiconTagger, topic: Topic) -> Iterator[str]:
    for example, wanted in [*((e, True) for e in topic.match), *((e, False) for e in topic.no_match)]:
        conversation = example_conversation(example)
        last = len(conversation.turns) - 1
        found = next((m for m in tagger.tag(conversation) if m.turn == last and m.topic == topic.id), None)
        if wanted and found is None:
            yield f"topic '{topic.id}': the example “{example.text}” is not found; add an entry, or remove the example."
        if not wanted and found is not None:
            yield (
                f"topic '{topic.id}': the example “{example.text}” must not match, but entry '{found.entry}' finds "
                f"“{found.text}”; narrow that entry with not_near, near or not_inside."
            )
        if wanted and found is not None and example.polarity not in (None, found.polarity):
            yield (
                f"topic '{topic.id}': the example “{example.text}” is {found.polarity} by entry '{found.entry}'; "
                f"it should be {example.polarity}. Give the entry a polarity, or correct the example."
            )


def _dead(entry: Entry) -> Iterator[str]:
    literals = [normal_form(text) for text in (entry.term, *entry.variants) if text]
    for longer in map(normal_form, entry.not_inside):
        if literals and not any(literal in longer and literal != longer for literal in literals):
            yield f"not_inside '{longer}' holds none of its words; correct or remove it."
    given = [entry.term, *entry.variants]
    repeated = sorted({text for text in given if text and given.count(text) > 1})
    if repeated:
        yield f"'{', '.join(repeated)}' is given more than once; keep one."
