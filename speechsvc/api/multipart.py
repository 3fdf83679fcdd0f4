"""A multipart body as a stream of events, so that a recording of any length passes through little memory."""

from __future__ import annotations

from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from speechsvc.api.errors import BadRequest, UnsupportedMediaType


@dataclass(frozen=True, kw_only=True, slots=True)
class PartBegin:
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PartData:
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class PartEnd:
    pass


Event = PartBegin | PartData | PartEnd


class MultipartReader:
    """Feed it bytes as they come; it returns what they meant. `complete` is true after the closing boundary."""

    def __init__(self, content_type: str) -> None:
        """Raises UnsupportedMediaType unless the header announces multipart/form-data with a usable boundary."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise UnsupportedMediaType(wanted="multipart/form-data; boundary=...")
        self.complete = False
        self._events: list[Event] = []
        self._name, self._value, self._headers = b"", b"", {}  # type: tuple[bytes, bytes, dict[bytes, bytes]]
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._field,
                    "on_header_value": self._value_part,
                    "on_header_end": self._header,
                    "on_headers_finished": self._headers_done,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._finished,
                },
            )
        except FormParserError as error:
            raise UnsupportedMediaType(wanted="multipart/form-data with a shorter boundary") from error

    def feed(self, data: bytes) -> list[Event]:
        """Raises BadRequest for a body that is not multipart."""
        self._events = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise BadRequest(
                problem="the multipart body is malformed", problem_zh="multipart 请求体格式错误"
            ) from error
        return self._events

    def _begin(self) -> None:
        self._headers = {}

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _value_part(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_done(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._events.append(PartBegin(name=options.get(b"name", b"").decode("utf-8", "replace")[:60]))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data=data[start:end]))

    def _end(self) -> None:
        self._events.append(PartEnd())

    def _finished(self) -> None:
        self.complete = True
