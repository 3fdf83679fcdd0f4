"""What the core needs from the outside world, as Protocols. Adapters live in the rooms above; `bootstrap` joins them.

Every repository comes from a unit of work that is bound to one tenant: no query crosses tenants. `System` holds the
few operations that must see all tenants (key look-up, job leases, dispatch) and hands out no customer data.
"""

from speechsvc.ports.call_index import CallIndexer, CallIndexRepository, CandidateQuery, IndexedCall, IndexState
from speechsvc.ports.calls import (
    Analysis,
    AnalysisRepository,
    CallFilter,
    CallRepository,
    EntryHits,
    MentionFilter,
    Page,
    StoredMention,
    TranscriptRepository,
)
from speechsvc.ports.crm import CrmRepository, LeadFilter
from speechsvc.ports.database import AuditEntry, AuditRepository, Database, KeyInfo, System, Tenant, UnitOfWork
from speechsvc.ports.delivery import EventRepository, Sender, WebhookRepository
from speechsvc.ports.directory import DirectoryEntry, DirectoryRepository, EntryKind
from speechsvc.ports.files import BlobStore, BlobWriter
from speechsvc.ports.followups import Beside, FollowupFilter, FollowupRepository
from speechsvc.ports.helpers import Alone, Helpers
from speechsvc.ports.jobs import Announcer, JobRepository, QueueState, StaleLease
from speechsvc.ports.recognition import Analyser, Clock, Diarizer, KeptSound, Playback, Transcriber
from speechsvc.ports.rulesets import Rulebook, RulesetRepository
from speechsvc.ports.runs import MarkRepository, RunRepository
from speechsvc.ports.uploads import UploadRepository
from speechsvc.ports.workbench import Comparison, Matcher, Phrase, Workbench

__all__ = [
    "Alone",
    "Analyser",
    "Analysis",
    "AnalysisRepository",
    "Announcer",
    "AuditEntry",
    "AuditRepository",
    "Beside",
    "BlobStore",
    "BlobWriter",
    "CallFilter",
    "CallIndexRepository",
    "CallIndexer",
    "CallRepository",
    "CandidateQuery",
    "Clock",
    "Comparison",
    "CrmRepository",
    "Database",
    "Diarizer",
    "DirectoryEntry",
    "DirectoryRepository",
    "EntryHits",
    "EntryKind",
    "EventRepository",
    "FollowupFilter",
    "FollowupRepository",
    "Helpers",
    "IndexState",
    "IndexedCall",
    "JobRepository",
    "KeptSound",
    "KeyInfo",
    "LeadFilter",
    "MarkRepository",
    "Matcher",
    "MentionFilter",
    "Page",
    "Phrase",
    "Playback",
    "QueueState",
    "Rulebook",
    "RulesetRepository",
    "RunRepository",
    "Sender",
    "StaleLease",
    "StoredMention",
    "System",
    "Tenant",
    "Transcriber",
    "TranscriptRepository",
    "UnitOfWork",
    "UploadRepository",
    "WebhookRepository",
    "Workbench",
]
