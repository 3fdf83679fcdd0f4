"""The workbench's domain values as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from speechsvc.api import workbench_schemas as s
from speechsvc.domain.run import Run, RunState
from speechsvc.services.lexicon_statistics import LexiconStatistics
from speechsvc.services.mark_mentions import ShownMark
from speechsvc.services.preview_lexicon import Preview
from speechsvc.services.suggest_entries import Suggestions

_ENTRIES = 500


def preview_out(preview: Preview) -> s.PreviewOut:
    run, t = preview.run, preview.tally
    entries = sorted(t.entries.items(), key=lambda item: (-sum(item[1]), item[0]))
    return s.PreviewOut(
        **_run(run),
        published=run.request["published"],
        total=run.counts["total"],
        seen=t.seen,
        looked_at=t.looked_at,
        estimate=_estimate(run),
        changed=t.changed,
        gained=t.gained,
        lost=t.lost,
        turned=t.turned,
        moved=t.moved,
        entries=[s.EntryChange(entry=e, gained=n[0], lost=n[1]) for e, n in entries[:_ENTRIES]],
        topics=[s.TopicChange(topic=k, gained=n[0], lost=n[1], turned=n[2]) for k, n in sorted(t.topics.items())],
        scores=s.PreviewScores(changed=t.scores_changed, crossed_up=t.crossed_up, crossed_down=t.crossed_down),
        followups=s.PreviewFollowups(
            changed=t.followups_changed,
            crossed_up=t.followups_up,
            crossed_down=t.followups_down,
            crossing=[s.PreviewedFollowup.model_validate(one) for one in t.followups],
        ),
        cells=[s.CellChange.model_validate(cell) for cell in preview.cells],
        cells_total=preview.cells_total,
        calls=list(preview.calls),
        cursor=preview.cursor,
    )


def _estimate(run: Run) -> s.PreviewEstimate | None:
    """Until everything is counted."""
    found = run.counts.get("estimate")
    if not found or run.state is RunState.FINISHED:
        return None
    return s.PreviewEstimate(sampled=found["sampled"], **found["figures"])


def retag_out(run: Run) -> s.RetagOut:
    return s.RetagOut(**_run(run), **run.counts, versions=run.request)


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state.value,
        "error": run.error_code,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def mark_out(shown: ShownMark) -> s.MarkOut:
    return s.MarkOut.model_validate(asdict(shown.mark) | {"sentence": shown.sentence, "current": shown.current})


def statistics_out(found: LexiconStatistics) -> s.StatisticsOut:
    return s.StatisticsOut(
        lexicon=found.lexicon,
        calls=found.calls,
        entries=[
            s.EntryStatisticsOut(
                **asdict(e.hits), right=e.right, wrong=e.wrong, precision=e.precision, in_force=e.in_force
            )
            for e in found.entries
        ],
        dead=[s.DeadEntry(topic=topic, entry=entry) for topic, entry in found.dead],
        overlaps=[s.OverlapOut.model_validate(asdict(o)) for o in found.overlaps],
        sampled=found.sampled,
    )


def suggestions_out(found: Suggestions) -> s.SuggestionsOut:
    phrases = []
    for one in found.phrases:
        shown = asdict(one.phrase) | {"examples": [asdict(e) for e in one.examples]}
        phrases.append(s.PhraseOut.model_validate(shown))
    homophones = [s.HeardAsOut.model_validate(asdict(h)) for h in found.homophones]
    return s.SuggestionsOut(calls=found.calls, phrases=phrases, homophones=homophones)
