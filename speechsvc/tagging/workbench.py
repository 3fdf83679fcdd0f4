"""Implements the `Workbench` port."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import Mention
from speechsvc.domain.ruleset import Content
from speechsvc.ports import Phrase
from speechsvc.tagging.compare import LexiconComparison
from speechsvc.tagging.lexicon_file import checked_lexicon
from speechsvc.tagging.sound_index import BLOCK, call_features, index_version, pack_block
from speechsvc.tagging.suggest import LexiconMatcher, suggest


class SoundIndexer:
    """Implements `CallIndexer`."""

    block = BLOCK

    @property
    def version(self) -> str:
        return index_version()

    def features(self, conversation: Conversation) -> bytes:
        return call_features(conversation)

    def pack(self, features: Sequence[bytes]) -> dict[int, bytes]:
        return pack_block(features)


class TaggerWorkbench:
    """Implements `Workbench`."""

    indexer = SoundIndexer()

    def __init__(self, *, homophones: bool = True, learned: bool = True) -> None:
        self._homophones = homophones
        self._learned = learned

    def matcher(self, lexicon: Content) -> LexiconMatcher:
        return LexiconMatcher(checked_lexicon(lexicon), homophones=self._homophones)

    def phrases(
        self, lexicon: Content, calls: Iterable[tuple[Conversation, Sequence[Mention]]], limit: int
    ) -> tuple[Phrase, ...]:
        return suggest(checked_lexicon(lexicon), calls, limit)

    def compare(self, old: Content, new: Content) -> LexiconComparison:
        one, other = (x if self._learned else x.written for x in map(checked_lexicon, (old, new)))
        return LexiconComparison(one, other, homophones=self._homophones)
