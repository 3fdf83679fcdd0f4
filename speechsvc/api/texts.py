"""Texts that come without audio: minutes, chat, e-mail, transcripts made elsewhere."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field, FiniteFloat

from speechsvc.api import views
from speechsvc.api.errors import Invalid
from speechsvc.api.inputs import PartiesIn, Strict, Text
from speechsvc.api.responses import refusals
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.schemas import CallAccepted
from speechsvc.api.text_turns import turns_of
from speechsvc.domain.access import Permission
from speechsvc.domain.call import Source
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.services.receive_text import receive_text

router = api_router("calls")

Seconds = Annotated[FiniteFloat, Field(ge=0, le=7 * 86_400)]


class TurnIn(Strict):
    """One utterance; seconds from the beginning, where known."""

    speaker: Speaker = Speaker.UNKNOWN
    start: Seconds = 0.0
    end: Seconds | None = None
    text: Text = Field(examples=["你们这个一年多少钱"])


class TextIn(PartiesIn):
    """Either `text` or `turns`."""

    source: Literal["minutes", "chat", "email", "transcript"]
    text: Text | None = Field(
        None,
        description="one turn a line; a leading label such as 客户：, 销售：, customer: or agent: sets the speaker, "
        "also for the lines below it up to the next label or empty line",
        examples=["客户：钱批下来没有还不知道\n销售：那我们下周三再碰一次"],
    )
    turns: list[TurnIn] | None = Field(None, max_length=20_000)


@router.post(
    "/texts",
    status_code=202,
    summary="Send a text",
    openapi_extra=needs(Permission.CALLS_WRITE),
    response_model=CallAccepted,
    responses={
        200: {"model": CallAccepted, "description": "The same text was received before"},
        **refusals((409, "external_id is taken by something else"), (413, "The body is too large")),
    },
)
def post_text(caller: From, response: Response, body: TextIn) -> CallAccepted:
    """Analysed like a call, and read under /v1/calls/{id}. Safe to repeat with the same external_id and text.

    The heatmap counts texts of source minutes, chat and email only where `source=` asks for them.
    """
    received = receive_text(caller.core, caller.principal, body.to_domain(), Source(body.source), _turns(body))
    answer = views.accepted(caller, received.call)
    response.status_code = 202 if received.created else 200
    response.headers["Location"] = answer.links.self
    return answer


def _turns(body: TextIn) -> tuple[Turn, ...]:
    if (body.text is None) == (body.turns is None):
        raise Invalid("text", "send either 'text' or 'turns'", "请提供 text 或 turns 其中之一")
    if body.turns is None:
        return turns_of(body.text or "")
    return tuple(
        Turn(speaker=t.speaker, start=t.start, end=t.start if t.end is None else t.end, text=t.text) for t in body.turns
    )
