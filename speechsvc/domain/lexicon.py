"""The lexicon: versioned topics, each with the words and rules that find it. Values only; `tagging` matches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.learned import LearnedEntries
from speechsvc.domain.lexicon_data import lexicon_digest
from speechsvc.domain.mention import Polarity

HOMOPHONE_FLOOR = 3  # syllables from which a term tolerates homophones unless the entry says otherwise


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """What must hold around a match for it to count. `None` or empty means: no such condition."""

    speaker: Speaker | None = None
    question: bool | None = None  # True: only in a question; False: never in one
    near: tuple[str, ...] = ()  # one of these within `window` characters
    not_near: tuple[str, ...] = ()  # none of these within `window` characters
    window: int = 12  # characters on either side, within the turn
    previous: tuple[str, ...] = ()  # the turn before mentions one of these topics
    before: tuple[str, ...] = ()  # a match of one of these topics follows in the turn, within `window`
    after: tuple[str, ...] = ()  # a match of one of these topics precedes in the turn, within `window`
    first_seconds: float | None = None  # the turn starts within so many seconds of the conversation's start
    last_seconds: float | None = None  # the turn ends within so many seconds of the conversation's end
    at: str | None = None  # "start" or "end": the match stands there in its turn, fillers apart
    max_chars: int | None = None  # the turn is no longer than that

    @property
    def plain(self) -> bool:
        """Nothing asked of speaker, context, time or length."""
        return (self.speaker, self.first_seconds, self.last_seconds, self.max_chars) == (
            None,
        ) * 4 and not self.previous


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One term with its variants, one pattern of ordered parts, or one regular expression; exactly one is given."""

    id: str  # unique in the lexicon
    term: str | None = None
    variants: tuple[str, ...] = ()
    pattern: tuple[str, ...] = ()  # parts; alternatives split by |; ?part optional; last !part must not follow
    regex: str | None = None  # over normalised text; RE2 syntax, so that no expression can take long
    homophones: bool | None = None  # None: by length, see HOMOPHONE_FLOOR
    homophone_floor: int | None = None  # syllables from which a word of this entry may be heard by its sound
    not_inside: tuple[str, ...] = ()  # longer words in which the match does not count
    gap: int = 6  # most characters between two parts, fillers not counted
    within: str = "sentence"  # or "turn"
    conditions: Conditions = field(default_factory=Conditions)
    polarity: Polarity | None = None  # fixed polarity; None: judged from the words around
    note: str = ""  # for the reader; decides nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A sentence that must, or must not, be found as its topic."""

    text: str
    previous: str | None = None  # the turn before, by the other speaker
    speaker: Speaker = Speaker.CUSTOMER
    polarity: Polarity | None = None  # if given, the mention must have it


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One of the things customers care about."""

    id: str
    name: str
    name_en: str
    definition: str
    weight: int = 1
    entries: tuple[Entry, ...] = ()
    match: tuple[Example, ...] = ()
    no_match: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """A published or draft version. The same content has the same digest, whatever the order in its files."""

    name: str
    version: int
    topics: tuple[Topic, ...]
    learned: LearnedEntries | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of what decides, hexadecimal; name, version, notes and the order of entries do not matter."""
        return lexicon_digest(self)

    @property
    def label(self) -> str:
        """For example `default-1+3f2a9c01`: name, version, first digits of the digest."""
        return self.labelled(self.digest)

    def labelled(self, digest: str) -> str:
        """The label, for who knows the digest already."""
        return f"{self.name}-{self.version}+{digest[:8]}"

    @property
    def written(self) -> Lexicon:
        """Without learned entries."""
        return replace(self, learned=None)

    def topic(self, topic_id: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.id == topic_id), None)
