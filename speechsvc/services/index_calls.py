"""Keeps the index of candidate calls: analysed calls that are in no block are packed into one, a block at a time.

Nothing waits for the index. A call that it does not hold is looked at by whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.job import Job, JobKind
from speechsvc.ports import IndexState
from speechsvc.services.core import Core

WORTH_A_BLOCK = 256  # calls in no block before they are packed
SUBJECT = "index"
_AT_ONCE = 256  # transcripts held in memory
_FULL_ENOUGH = 0.75  # a block with a smaller share of its places taken is packed anew together with new calls


def index_soon(core: Core, tenant_id: str) -> bool:
    """Queues the packing where it is worth it and not queued yet."""
    version = core.workbench().indexer.version
    with core.db.tenant(tenant_id, write=False) as uow:
        stale = any(v != version for v in uow.call_index.versions().values())
        if not stale and len(uow.call_index.missing(limit=WORTH_A_BLOCK)) < WORTH_A_BLOCK:
            return False
    with core.db.tenant(tenant_id) as uow:
        if uow.jobs.waits(JobKind.INDEX, SUBJECT):
            return False
        uow.jobs.add(JobKind.INDEX, SUBJECT)
        uow.commit()
    core.wake()
    return True


def index_step(core: Core, job: Job) -> None:
    """One block, then the job again if there is more: fresh calls come in between."""
    pack_one(core, job.tenant_id)
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.finish(job)
        if len(uow.call_index.missing(limit=WORTH_A_BLOCK)) == WORTH_A_BLOCK:
            uow.jobs.add(JobKind.INDEX, SUBJECT)
        uow.commit()
    core.wake()


def rebuild_index(
    core: Core, principal: Principal, *, anew: bool = False, progress: Callable[[IndexState], None] | None = None
) -> IndexState:
    """Packs every call, here and now; with `anew` also those that are packed already. Raises Forbidden."""
    principal.require(Permission.RULES_WRITE)
    if anew:
        with core.db.tenant(principal.tenant_id) as uow:
            for block in uow.call_index.versions():
                uow.call_index.drop_block(block)
            uow.commit()
    while pack_one(core, principal.tenant_id):
        if progress is not None:
            progress(index_state(core, principal.tenant_id))
    return index_state(core, principal.tenant_id)


def index_state(core: Core, tenant_id: str) -> IndexState:
    with core.db.tenant(tenant_id, write=False) as uow:
        return uow.call_index.state(core.workbench().indexer.version)


def pack_one(core: Core, tenant_id: str) -> int:
    """Packs at most one block; returns how many calls it holds, 0 when there was nothing to do or a call changed
    meanwhile."""
    indexer = core.workbench().indexer
    _make_room(core, tenant_id)
    with core.db.tenant(tenant_id, write=False) as uow:
        waiting = uow.call_index.missing(limit=indexer.block)
    features: list[bytes] = []
    digests: dict[str, str] = {}
    for begin in range(0, len(waiting), _AT_ONCE):
        some = waiting[begin : begin + _AT_ONCE]
        with core.db.tenant(tenant_id, write=False) as uow:
            said = uow.call_index.conversations(some)
        for call_id in some:
            if call_id in said:
                conversation, digests[call_id] = said[call_id]
                features.append(indexer.features(conversation))
    if not digests:
        return 0
    postings = indexer.pack(features)
    with core.db.tenant(tenant_id) as uow:
        if not uow.call_index.add_block(indexer.version, digests, postings):
            return 0
        uow.commit()
    return len(digests)


def _make_room(core: Core, tenant_id: str) -> None:
    """Frees the calls of blocks that are out of date, and of one small block if new calls can fill it up."""
    indexer = core.workbench().indexer
    with core.db.tenant(tenant_id) as uow:
        stale = [block for block, version in uow.call_index.versions().items() if version != indexer.version]
        for block in stale:
            uow.call_index.drop_block(block)
        waiting = len(uow.call_index.missing(limit=indexer.block))
        if 0 < waiting < indexer.block:
            small = uow.call_index.partial_block(int(indexer.block * _FULL_ENOUGH))
            if small is not None:
                uow.call_index.drop_block(small)
        uow.commit()
