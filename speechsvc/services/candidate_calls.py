"""Which of many stored calls must be looked at, by the index; calls that it does not hold always are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from speechsvc.ports import CandidateQuery, IndexedCall, UnitOfWork
from speechsvc.services.core import Core

_KEPT = 64  # blocks whose answers are kept


class CandidateCalls:
    """One question to the index; each block is read once as long as the calls come in some order."""

    def __init__(self, core: Core, query: CandidateQuery | None) -> None:
        self._version = core.workbench().indexer.version
        self._query = query
        self._places: OrderedDict[int, frozenset[int] | None] = OrderedDict()  # none: the block cannot say

    def among(self, uow: UnitOfWork, calls: Sequence[IndexedCall]) -> list[IndexedCall]:
        """Those that may matter, in the same order."""
        return [call for call in calls if self._may_matter(uow, call)]

    def _may_matter(self, uow: UnitOfWork, call: IndexedCall) -> bool:
        if self._query is None or call.block is None:
            return True
        if call.block not in self._places:
            self._places[call.block] = self._ask(uow, call.block)
            if len(self._places) > _KEPT:
                self._places.popitem(last=False)
        places = self._places[call.block]
        return places is None or call.place in places

    def _ask(self, uow: UnitOfWork, block: int) -> frozenset[int] | None:
        assert self._query is not None
        if uow.call_index.versions().get(block) != self._version:
            return None
        return self._query.places(uow.call_index.postings(block, self._query.firsts))
