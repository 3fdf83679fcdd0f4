"""The real decoder child's decode function, confined as always, but for many files one after another.

Started with one JSON argument; every line on stdin is one file: {"path": ..., "hints": {...}} was read by the parent,
its bytes follow as base64. Answers one report a line. Samples go to the one output file that it opened at the start.
"""

from __future__ import annotations

import base64
import io
import json
import sys

from speechsvc.audio import decoder_child


def main(argument: str) -> int:
    job = json.loads(argument)
    decoder_child._warm_up()
    with open(job["output"], "wb") as sink:
        decoder_child._confine(job["memory_bytes"], job["cpu_seconds"], job["output_bytes"])
        for line in sys.stdin:
            task = json.loads(line)
            sink.seek(0)
            sink.truncate()
            source = io.BytesIO(base64.b64decode(task["content"]))
            report = decoder_child._outcome(source, sink, job["max_seconds"], task["hints"])
            print(json.dumps(report), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
