#!/usr/bin/env python3
"""A PBX runs this after each call: pbx_hook.py RECORDING CALL_ID STARTED_AT EXTENSION OTHER_NUMBER inbound|outbound

Asterisk, for example: `System(/opt/pbx_hook.py ${MIXMONITOR_FILENAME} ${UNIQUEID} ... &)` after Hangup.
Environment: SPEECHSVC (address), SPEECHSVC_API_KEY (role uploader). Exit status 75 asks the caller to try again later;
running it again for the same call is always safe.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from speechsvc.client import Client, Refused, Unreachable

BIG = 20 << 20  # bytes; above this in pieces


def main(arguments: list[str]) -> int:
    recording, call_id, started_at, extension, other, direction = arguments
    metadata = {
        "external_id": call_id,
        "started_at": started_at,
        "direction": direction,
        "extension": extension,
        ("caller" if direction == "inbound" else "callee"): other,
    }
    path = Path(recording)
    with Client(os.environ["SPEECHSVC"], os.environ["SPEECHSVC_API_KEY"]) as client:
        try:
            send = client.upload_resumable if path.stat().st_size > BIG else client.upload
            accepted = send(path, metadata)
        except Unreachable as error:
            print(error, file=sys.stderr)
            return 75
        except Refused as error:
            print(f"{error}\n{error.next_step}", file=sys.stderr)
            return 1
    print(accepted.id)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
