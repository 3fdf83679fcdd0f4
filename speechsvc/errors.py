"""One base error. The class docstring is the English message; `zh` is the Chinese one; both may name details in braces.

Every error that can reach a caller has a stable `code`, an HTTP status, what happened, and what to do next.
Classes live beside the code that raises them and derive from `SpeechsvcError`; the common ones are here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class SpeechsvcError(Exception):
    """Something went wrong inside the service."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    zh: ClassVar[str] = "服务内部出错。"
    advice: ClassVar[str] = "Try again; if it stays, give the request id to the operator."
    advice_zh: ClassVar[str] = "请重试；若仍出错，请把请求编号交给管理员。"
    permanent: ClassVar[bool] = True  # False: the same input may succeed later, so a job retries

    def __init__(self, **details: Any) -> None:
        """`details` fill the braces of the messages and travel in the API's problem document."""
        self.details = details
        super().__init__(self.message("en"))

    def message(self, language: str = "en") -> str:
        """One plain sentence; `language` is "zh" or "en"."""
        return self._fill(self.zh if language == "zh" else (type(self).__doc__ or "").split("\n\n")[0], language)

    def next_step(self, language: str = "en") -> str:
        """What the caller can do about it, one sentence."""
        return self._fill(self.advice_zh if language == "zh" else self.advice, language)

    def _fill(self, text: str, language: str) -> str:
        text = " ".join(text.split())
        try:
            return text.format(**self._words(language))
        except (KeyError, IndexError):
            return text

    def _words(self, language: str) -> dict[str, Any]:
        """The details; in Chinese a detail `x` gives way to `x_zh`, and a thing's English name to its Chinese one."""
        if language != "zh":
            return self.details
        named = {k: _THINGS.get(v, v) if isinstance(v, str) else v for k, v in self.details.items()}
        return named | {k.removesuffix("_zh"): v for k, v in self.details.items() if k.endswith("_zh")}


def told_again(code: str, english: str | None, language: str) -> tuple[str, str | None]:
    """An error that was stored as its code and English sentence, for a reader: message, and what to do next if known.

    The Chinese sentence is the error class's, where it needs no details.
    """
    kinds = [k for k in _kinds(SpeechsvcError) if k.code == code]
    told = [k for k in kinds if " ".join((k.__doc__ or "").split("\n\n")[0].split()) == english]
    kind = next(iter(told or kinds), None)  # two rooms may share a code
    message = english or code
    if kind is None:
        return message, None
    if language == "zh" and "{" not in kind.zh:
        message = kind.zh
    advice = kind.advice_zh if language == "zh" else kind.advice
    return message, None if "{" in advice else advice


def _kinds(base: type[SpeechsvcError]) -> Iterator[type[SpeechsvcError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


_THINGS = {
    "call": "通话",
    "recording": "录音",
    "transcript": "转写文本",
    "mentions": "提及",
    "score": "评分",
    "tenant": "租户",
    "key": "密钥",
    "webhook": "webhook",
    "delivery": "投递记录",
    "event": "事件",
    "file": "文件",
    "page": "页面",
    "upload": "上传",
    "version": "版本",
    "draft": "草稿",
    "mark": "标记",
    "mention": "提及",
    "preview": "预览",
    "retag": "重新标注",
    "follow-up": "跟进",
    "appeal": "申诉",
    "salesperson": "销售",
    "customer": "客户",
}


class NotFound(SpeechsvcError):
    """There is no {what} with this id."""

    code, status = "not_found", 404
    zh = "没有这个编号的{what}。"
    advice, advice_zh = "Check the id; it may have been erased.", "请核对编号；它可能已被删除。"


class Unauthenticated(SpeechsvcError):
    """The request carries no valid API key."""

    code, status = "unauthenticated", 401
    zh = "请求没有带有效的 API 密钥。"
    advice = "Send 'Authorization: Bearer <key>'; an administrator makes keys with 'speechsvc keys create'."
    advice_zh = "请带上 'Authorization: Bearer <密钥>'；管理员可用 'speechsvc keys create' 生成密钥。"


class Forbidden(SpeechsvcError):
    """This key may not do that: it needs the permission {permission}."""

    code, status = "forbidden", 403
    zh = "此密钥无权进行该操作，需要权限 {permission}。"
    advice, advice_zh = "Use a key with a role that allows it.", "请使用具备相应角色的密钥。"


class InvalidInput(SpeechsvcError):
    """{field}: {problem}"""

    code, status = "invalid_input", 422
    zh = "{field}：{problem}"
    advice, advice_zh = "Correct the field and send again.", "请更正该字段后重新提交。"


class Conflict(SpeechsvcError):
    """The request does not fit what is already stored: {problem}"""

    code, status = "conflict", 409
    zh = "请求与已存内容冲突：{problem}"
    advice, advice_zh = "Read the current state first.", "请先读取当前状态。"


class StorageFull(SpeechsvcError):
    """The disk is full; nothing was stored."""

    code, status, permanent = "storage_full", 507, False
    zh = "磁盘已满，未存入任何内容。"
    advice, advice_zh = "Free space, then send again.", "请清理磁盘后重试。"
