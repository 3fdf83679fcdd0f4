"""`speechsvc tag`: conversations in, findings out; one line each, in order, in bounded memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from speechsvc.bootstrap import build_analyser
from speechsvc.cli.common import FileMissing, load_settings, say
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.mention import Mention
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.errors import InvalidInput
from speechsvc.ports import Analyser


def tag(
    file: Annotated[str, typer.Argument(help="FILE.jsonl, or - for standard input.")],
    lexicon: Annotated[Path | None, typer.Option(help="Lexicon file or folder; the default one if not given.")] = None,
    rubric: Annotated[Path | None, typer.Option(help="Rubric file; the default one if not given.")] = None,
    no_homophones: Annotated[bool, typer.Option("--no-homophones", help="Exact words only.")] = False,
    no_learned: Annotated[
        bool, typer.Option("--no-learned", help="Written entries and phrases only. 只用手写词条和规则。")
    ] = False,
) -> None:
    """Tag conversations: one JSON object a line in, one a line out. 给对话打标签。

    A line that cannot be read becomes {"line", "error"} in its place; the exit status is then 1.
    """
    settings = load_settings(
        lexicon=lexicon,
        rubric=rubric,
        homophones=False if no_homophones else None,
        learned=False if no_learned else None,
    )
    analyser = build_analyser(settings)
    failed = False
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            result = analyse(analyser, parse(line))
        except InvalidInput as error:
            failed = True
            result = {"line": number, "error": {"code": error.code, "message": str(error)}}
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    if failed:
        raise typer.Exit(1)


def parse(line: str) -> Conversation:
    """One conversation as CONTRACT shows it. Raises InvalidInput with the field's path."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InvalidInput(field="line", problem=f"not JSON ({error})") from error
    if not isinstance(record, dict) or not isinstance(record.get("turns"), list):
        raise InvalidInput(field="line", problem='must be an object with "call_id" and a list "turns"')
    turns = tuple(_turn(i, t) for i, t in enumerate(record["turns"]))
    return Conversation(call_id=str(record.get("call_id", "")), turns=turns)


def _turn(index: int, record: Any) -> Turn:
    where = f"turns[{index}]"
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise InvalidInput(field=where, problem='must be an object with a "text"')
    if any("\ud800" <= character <= "\udfff" for character in record["text"]):
        raise InvalidInput(field=where, problem="the text holds half of a surrogate pair, which is no character")
    try:
        speaker = Speaker(record.get("speaker", "unknown"))
        start = _seconds(record.get("start") or 0.0)
        end = _seconds(record.get("end") or start)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            field=where, problem="speaker must be agent, customer or unknown; start, end seconds from 0"
        ) from error
    suspect = tuple(str(s) for s in record.get("suspect") or ())
    return Turn(speaker=speaker, start=start, end=end, text=record["text"], suspect=suspect)


def _seconds(value: Any) -> float:
    """Raises ValueError or TypeError; "NaN" and the infinities are no times, nor is more than a week."""
    seconds = float(value)
    if not 0 <= seconds <= _LONGEST_S:
        raise ValueError(value)
    return seconds


_LONGEST_S = 7 * 86400.0


def analyse(analyser: Analyser, conversation: Conversation) -> dict[str, Any]:
    """The result line for one conversation."""
    tagging = analyser.tag(conversation)
    score, _ = analyser.score(conversation, tagging, measure_talk_from_turns(conversation))
    versions = analyser.versions
    return {
        "call_id": conversation.call_id,
        "contact": tagging.contact.outcome.value,
        "turns": list(_mentions_by_turn(conversation, tagging.mentions)),
        "score": score,
        "versions": {"lexicon": versions.lexicon, "rubric": versions.rubric, "engine": versions.engine},
    }


def _mentions_by_turn(conversation: Conversation, mentions: Iterable[Mention]) -> Iterator[dict[str, Any]]:
    by_turn: dict[int, list[Mention]] = {}
    for mention in mentions:
        by_turn.setdefault(mention.turn, []).append(mention)
    for index in range(len(conversation.turns)):
        yield {"index": index, "mentions": [mention_view(m) for m in by_turn.get(index, [])]}


def mention_view(mention: Mention) -> dict[str, Any]:
    view = {
        "topic": mention.topic,
        "polarity": mention.polarity.value,
        "text": mention.text,
        "start_char": mention.start_char,
        "end_char": mention.end_char,
        "entry": mention.entry,
        "match": mention.match.value,
        "reason": mention.reason,
    }
    return view | ({"suspect": True} if mention.suspect else {})


def _lines(file: str) -> Iterator[str]:
    if file == "-":
        for raw in sys.stdin.buffer:
            yield raw.decode("utf-8", errors="replace")
        return
    path = Path(file)
    if not path.is_file():
        raise FileMissing(what=say(f"file {file}", f"文件 {file}"))
    with path.open(encoding="utf-8", errors="replace") as lines:
        yield from lines
