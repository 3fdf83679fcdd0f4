"""What only a page can refuse."""

from __future__ import annotations

from speechsvc.errors import SpeechsvcError


class LoginNeeded(SpeechsvcError):
    """Please sign in."""

    code, status = "login_needed", 401
    zh = "请先登录。"
    advice, advice_zh = "Sign in with your API key.", "请用 API 密钥登录。"


class OtherOrigin(SpeechsvcError):
    """This form was sent from another site."""

    code, status = "other_origin", 403
    zh = "该表单来自其他网站，已拒绝。"
    advice = "Open the page itself and send the form there."
    advice_zh = "请直接打开本页面再提交。"


class RangeOutside(SpeechsvcError):
    """The requested range lies outside the recording of {size} bytes."""

    code, status = "range_not_satisfiable", 416
    zh = "请求的范围超出录音大小（{size} 字节）。"
