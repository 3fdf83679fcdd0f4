"""What both stores of recordings share: keys, the size of a chunk, and the error of a store that cannot be used."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from speechsvc.domain.call import Recording
from speechsvc.errors import InvalidInput, NotFound, SpeechsvcError
from speechsvc.ports import BlobWriter

CHUNK = 1 << 20  # bytes a reader gets at once

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}/[0-9a-f]{32}")


class BlobsUnavailable(SpeechsvcError):
    """The store of recordings cannot be used: {problem}"""

    code, status, permanent = "blobs_unavailable", 503, False
    zh = "录音存储无法使用：{problem}"
    advice = "Check the data folder or SPEECHSVC_BLOB_URL and its credentials; then try again."
    advice_zh = "请检查数据目录，或 SPEECHSVC_BLOB_URL 及其凭证，然后重试。"


def copy_in(writer: BlobWriter, path: Path) -> Recording:
    """The whole file through a writer; nothing is left of it if that fails."""
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                writer.write(data)
        return writer.commit()
    except BaseException:
        writer.abort()
        raise


def new_key(tenant_id: str) -> str:
    """`<tenant>/<128 random bits>`. Raises InvalidInput for a tenant id that cannot be a folder's name."""
    key = f"{tenant_id}/{secrets.token_hex(16)}"
    if not _KEY.fullmatch(key):
        raise InvalidInput(field="tenant", problem="only letters, digits, dots, dashes and underscores")
    return key


def checked(key: str) -> str:
    """The key, if we can have made it: whatever a database holds, no path leaves the store."""
    if not _KEY.fullmatch(key):
        raise NotFound(what="recording")
    return key
