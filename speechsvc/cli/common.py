"""What several commands share: settings, language, the local operator."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from speechsvc import logging
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.errors import SpeechsvcError


class SettingsInvalid(SpeechsvcError):
    """The setting {name} cannot be used: {problem}"""

    code = "settings_invalid"
    zh = "设置项 {name} 无法使用：{problem}"
    advice = "Correct the environment variable or the .env file; docs/settings.md lists all settings."
    advice_zh = "请更正环境变量或 .env 文件；全部设置见 docs/settings.md。"


def load_settings(**changes: Any) -> Settings:
    """Settings with the command's own options on top; logs go to stderr. Raises SettingsInvalid."""
    try:
        settings = Settings(**{k: v for k, v in changes.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = "SPEECHSVC_" + "_".join(str(p) for p in first["loc"]).upper()
        raise SettingsInvalid(name=name, problem=first["msg"]) from error
    logging.configure(settings.log_level, settings.log_format)
    return settings


@lru_cache
def ui_language() -> str:
    """ "zh" or "en"; English when the settings themselves are broken."""
    try:
        return Settings().language_of_ui
    except ValidationError:
        return "en"


def say(english: str, chinese: str) -> str:
    """The text in the user's language."""
    return chinese if ui_language() == "zh" else english


def out() -> Console:
    """For results."""
    return Console(highlight=False)


def err() -> Console:
    """For progress and remarks, so that results can be piped."""
    return Console(stderr=True, highlight=False)


def operator(settings: Settings) -> Principal:
    """Whoever runs commands on the service's own machine may do what an administrator may."""
    return Principal(tenant_id=settings.tenant, key_id="cli", role=Role.ADMIN, name="command line")


def interactive() -> bool:
    return sys.stderr.isatty()
