"""What only the HTTP side can refuse."""

from __future__ import annotations

from speechsvc.errors import InvalidInput, SpeechsvcError


class Invalid(InvalidInput):
    """{field}: {problem}"""

    zh = "{field}：{problem_zh}"

    def __init__(self, field: str, problem: str, problem_zh: str) -> None:
        """What is wrong with the field, in both languages."""
        super().__init__(field=field, problem=problem, problem_zh=problem_zh)


class RouteNotFound(SpeechsvcError):
    """There is nothing at this address."""

    code, status = "route_not_found", 404
    zh = "这个地址不存在。"
    advice, advice_zh = "See /docs for all addresses.", "全部地址见 /docs。"


class MethodNotAllowed(SpeechsvcError):
    """This address does not accept the method {method}."""

    code, status = "method_not_allowed", 405
    zh = "这个地址不接受 {method} 方法。"
    advice, advice_zh = "See the Allow header or /docs.", "请查看 Allow 响应头或 /docs。"


class BadRequest(SpeechsvcError):
    """The request cannot be understood: {problem}"""

    code, status = "bad_request", 400
    zh = "无法理解该请求：{problem_zh}"
    advice, advice_zh = "Correct the request; /docs shows its form.", "请更正请求；格式见 /docs。"


class UnsupportedMediaType(SpeechsvcError):
    """This address needs Content-Type {wanted}."""

    code, status = "unsupported_media_type", 415
    zh = "这个地址需要 Content-Type {wanted}。"
    advice, advice_zh = "Set the Content-Type and send again.", "请设置正确的 Content-Type 后重新提交。"


class BodyTooLarge(SpeechsvcError):
    """The request body is larger than {max_bytes} bytes."""

    code, status = "body_too_large", 413
    zh = "请求体超过 {max_bytes} 字节。"
    advice, advice_zh = "Send less at once.", "请减少单次提交的内容。"


class RecordingTooLarge(SpeechsvcError):
    """The recording is larger than {max_bytes} bytes."""

    code, status = "recording_too_large", 413
    zh = "录音超过 {max_bytes} 字节。"
    advice = "Compress the recording (Opus, AMR and MP3 are fine) or raise SPEECHSVC_MAX_UPLOAD_BYTES."
    advice_zh = "请压缩录音（可用 Opus、AMR、MP3），或调大 SPEECHSVC_MAX_UPLOAD_BYTES。"


class UploadStalled(SpeechsvcError):
    """No bytes came for {seconds} seconds; nothing was stored."""

    code, status, permanent = "upload_stalled", 408, False
    zh = "{seconds} 秒内没有收到数据，未存入任何内容。"
    advice = "Send the whole request again, with the same external_id."
    advice_zh = "请用相同的 external_id 重新上传整个请求。"


class UploadCut(SpeechsvcError):
    """The upload ended before it was complete; nothing was stored."""

    code, status, permanent = "upload_incomplete", 400, False
    zh = "上传未完成就中断了，未存入任何内容。"
    advice = "Send the whole request again, with the same external_id."
    advice_zh = "请用相同的 external_id 重新上传整个请求。"


class RangeNotSatisfiable(SpeechsvcError):
    """The requested range lies outside the recording of {size} bytes."""

    code, status = "range_not_satisfiable", 416
    zh = "请求的范围超出录音大小（{size} 字节）。"
    advice, advice_zh = "Ask for a range inside the recording.", "请请求录音范围之内的字节。"


class NotServed(SpeechsvcError):
    """Metrics are served to this machine, or to a key with the permission audit:read."""

    code, status = "forbidden", 403
    zh = "指标只提供给本机，或具有 audit:read 权限的密钥。"
    advice = "Scrape from the same machine, or send an administrator's key."
    advice_zh = "请从本机抓取，或使用管理员密钥。"
