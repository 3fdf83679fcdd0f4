"""Calendar weeks as people at the tenant's place see them."""

from datetime import datetime
from zoneinfo import ZoneInfo


def local_week(moment: datetime, timezone: str) -> str:
    """ISO week of an aware time in an IANA zone, for example "2026-W48"."""
    year, week, _ = moment.astimezone(ZoneInfo(timezone)).isocalendar()
    return f"{year}-W{week:02d}"
