"""Helper processes on this machine: each is asked for one piece of work after the other, over its pipes.

They are started when first needed, beside the work and never before it: who shares work goes on meanwhile. A helper
that nobody asks for a minute ends, as it does when its parent goes. No fork: a new Python, so that threads and locks of
this process do not matter. Messages are pickles between processes of the same code and user, through private pipes.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Queue
from typing import IO, Any, TypeVar

from speechsvc.logging import get_logger

log = get_logger(__name__)

P = TypeVar("P")
R = TypeVar("R")
_SIZE = struct.Struct("<Q")
_IDLE_S = 60.0  # after which a helper's memory is given back
_PATIENCE_S = 60.0  # without a result, when nothing else is left to do
_PAUSE_S = 30.0  # after a helper was lost
PREPARE, DO = "prepare", "do"


class HelperProcesses:
    """Implements `Helpers`."""

    def __init__(self, number: int, entry: str, hello: bytes) -> None:
        """`entry`: what a helper runs, as `module:function`; `hello`: its first message."""
        self._command = _command(entry)
        self._hello = hello
        self._waiting: list[Queue[_Batch]] = [Queue() for _ in range(number)]
        self._threads: list[threading.Thread | None] = [None] * number
        self._lock = threading.Lock()

    def share(self, work: str, about: tuple[Any, ...], pieces: Sequence[P], mine: Callable[[P], R]) -> list[R]:
        if not self._waiting or len(pieces) < 2:
            return [mine(piece) for piece in pieces]
        batch = _Batch(work, about, pieces)
        self._offer(batch)
        try:
            while (number := batch.take()) is not None:
                batch.put(number, mine(pieces[number]))
        finally:
            batch.close()
        return batch.results()

    def _offer(self, batch: _Batch) -> None:
        with self._lock:
            for number, waiting in enumerate(self._waiting):
                waiting.put(batch)
                thread = self._threads[number]
                if thread is None or not thread.is_alive():
                    self._threads[number] = thread = threading.Thread(
                        target=self._attend, args=(number,), name=f"helper-{number}", daemon=True
                    )
                    thread.start()

    def _attend(self, number: int) -> None:
        """Hands work to one helper until there is none for a while."""
        child: _Child | None = None
        waiting = self._waiting[number]
        while True:
            try:
                batch = waiting.get(timeout=_IDLE_S)
                while not waiting.empty():  # only the newest is still open
                    batch = waiting.get()
            except Empty:
                with self._lock:  # either nothing waits, or whoever offers it sees this thread go on
                    if waiting.empty():
                        self._threads[number] = None
                        break
                continue
            try:
                child = child or _Child(self._command, self._hello)
                child.help_with(batch)
            except Exception as error:  # whatever it is, who shares the work does it without this helper
                log.warning("helper_lost", error_type=type(error).__name__)
                if child is not None:
                    child.end()
                child = None
                threading.Event().wait(_PAUSE_S)
        if child is not None:
            child.end()


class _Batch:
    """Pieces of one work, each taken once; results by number."""

    def __init__(self, work: str, about: tuple[Any, ...], pieces: Sequence[Any]) -> None:
        self.work, self.about, self.pieces = work, about, pieces
        self._left = deque(range(len(pieces)))
        self._results: dict[int, Any] = {}
        self._closed = False
        self._change = threading.Condition()

    def take(self, *, helper: bool = False) -> int | None:
        """The next piece; who shares the work waits for what helpers may give back."""
        with self._change:
            while not self._closed:
                if self._left:
                    return self._left.popleft()
                if helper or len(self._results) == len(self.pieces):
                    return None
                if not self._change.wait(_PATIENCE_S):  # a helper hangs: what it holds is done here
                    self._left.extend(n for n in range(len(self.pieces)) if n not in self._results)
            return None

    def put(self, number: int, result: Any) -> None:
        with self._change:
            self._results[number] = result
            self._change.notify_all()

    def give_back(self, number: int) -> None:
        with self._change:
            self._left.appendleft(number)
            self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed = True

    def results(self) -> list[Any]:
        return [self._results[number] for number in range(len(self.pieces))]


class _Child:
    """One helper process."""

    def __init__(self, command: Sequence[str], hello: bytes) -> None:
        # the import path is ours, wherever we run from
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        answers, theirs = os.pipe()  # not its standard output: whatever prints must not reach it
        self._answers = os.fdopen(answers, "rb")
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs,),
            )
        finally:
            os.close(theirs)
        self._ready: object = None
        self._tell(hello)

    def help_with(self, batch: _Batch) -> None:
        """Raises OSError or EOFError where the process is gone; the piece that it was at is given back."""
        if self._ready != (batch.work, batch.about):
            if not self._ask(PREPARE, batch.work, batch.about)[0]:
                return
            self._ready = batch.work, batch.about
        while (number := batch.take(helper=True)) is not None:
            done = False
            try:
                done, result = self._ask(DO, batch.work, batch.about, batch.pieces[number])
            finally:
                if not done:
                    batch.give_back(number)
            if not done:
                return
            batch.put(number, result)

    def _ask(self, *message: Any) -> tuple[bool, Any]:
        self._tell(pickle.dumps(message))
        done, result = pickle.loads(_receive(self._answers))  # noqa: S301 - from our own child
        return bool(done), result

    def _tell(self, body: bytes) -> None:
        assert self._process.stdin is not None
        _send(self._process.stdin, body)

    def end(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # what it was not told goes with it
            self._process.stdin.close()
        self._answers.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def serve(make: Callable[[bytes], Callable[..., Any]]) -> None:
    """A helper's life: `make` of the first message answers the others. Ends with its parent."""
    answers, questions = os.fdopen(int(sys.argv[-1]), "wb"), sys.stdin.buffer
    try:
        answer = make(_receive(questions))
        while True:
            message = pickle.loads(_receive(questions))  # noqa: S301 - from our own parent
            try:
                reply = True, answer(*message)
            except Exception as error:
                reply = False, type(error).__name__  # the parent does it itself, and sees the error
            _send(answers, pickle.dumps(reply))
    except (EOFError, BrokenPipeError):
        return


def _command(entry: str) -> list[str]:
    module, _, function = entry.partition(":")
    return [sys.executable, "-c", f"from {module} import {function}; {function}()"]


def _send(pipe: IO[bytes], body: bytes) -> None:
    pipe.write(_SIZE.pack(len(body)) + body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    """Raises EOFError."""
    (size,) = _SIZE.unpack(_exactly(pipe, _SIZE.size))
    return _exactly(pipe, size)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    body = pipe.read(size)
    if body is None or len(body) < size:
        raise EOFError
    return body
