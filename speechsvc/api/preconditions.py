"""If-Match and ETag of things that have a revision."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from speechsvc.api.errors import Invalid
from speechsvc.errors import SpeechsvcError

_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


class IfMatchMissing(SpeechsvcError):
    """This change needs the header If-Match with the revision that you have read."""

    code, status = "if_match_missing", 428
    zh = "此修改需要 If-Match 请求头，值为您读到的修订号。"
    advice = "Read it first and send its ETag back; If-Match: * overwrites whatever is there."
    advice_zh = "请先读取并带回其 ETag；If-Match: * 表示无条件覆盖。"


IfMatch = Annotated[
    str | None, Header(max_length=100, description='the ETag as it was read, for example "3"; * for any')
]


def seen_revision(if_match: str | None) -> int | None:
    """None for * and where there is no header. Raises InvalidInput."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise Invalid("If-Match", 'not a revision such as "3"', '应为 "3" 这样的修订号')
    return int(found[1])


def required_revision(if_match: str | None) -> int | None:
    """As `seen_revision`. Raises IfMatchMissing."""
    if if_match is None:
        raise IfMatchMissing
    return seen_revision(if_match)


def etag(revision: int) -> dict[str, str]:
    return {"ETag": f'"{revision}"'}
