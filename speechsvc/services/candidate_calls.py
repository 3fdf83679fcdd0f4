"""Which turns of many stored calls must be looked at, by the index; calls that it does not hold are, as a whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from speechsvc.ports import CandidateQuery, IndexedCall, UnitOfWork
from speechsvc.services.core import Core

_KEPT = 256  # blocks whose answers are kept

Made = tuple[str, int, int]  # see `CallIndexRepository.made`
Turns = tuple[int, ...] | None  # none: any
Candidate = tuple[IndexedCall, Turns]


class CandidateCalls:
    """One question to the index; each block is read once as long as the calls come in some order."""

    def __init__(self, core: Core, query: CandidateQuery | None) -> None:
        self._version = core.workbench().indexer.version
        self._query = query
        self._places: OrderedDict[tuple[int, Made], Mapping[int, tuple[int, ...]]] = OrderedDict()

    def among(self, uow: UnitOfWork, calls: Sequence[IndexedCall]) -> list[Candidate]:
        """Those that may matter, in the same order, with the turns that do."""
        blocks = uow.call_index.made() if self._query is not None else {}
        found = ((call, self.turns(uow, call, blocks)) for call in calls)
        return [(call, turns) for call, turns in found if turns != ()]

    def turns(self, uow: UnitOfWork, call: IndexedCall, blocks: Mapping[int, Made]) -> Turns:
        """`blocks`: those that there are in this transaction."""
        made = blocks.get(call.block) if call.block is not None else None
        if self._query is None or call.block is None or made is None or made[0] != self._version:
            return None
        key = call.block, made
        if key not in self._places:
            self._places[key] = self._query.places(uow.call_index.postings(call.block, self._query.firsts))
            if len(self._places) > _KEPT:
                self._places.popitem(last=False)
        return self._places[key].get(call.place, ())
