"""What several commands share: settings, language, the local operator."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from speechsvc import logging
from speechsvc.config import Settings, language_of_environment
from speechsvc.domain.access import Principal, Role
from speechsvc.errors import InvalidInput, SpeechsvcError


class SettingsInvalid(SpeechsvcError):
    """The setting {name} cannot be used: {problem}"""

    code = "settings_invalid"
    zh = "设置项 {name} 无法使用：{problem}"
    advice = "Correct the environment variable or the .env file; docs/settings.md lists all settings."
    advice_zh = "请更正环境变量或 .env 文件；全部设置见 docs/settings.md。"


class FileMissing(SpeechsvcError):
    """There is no {what}."""

    code = "file_missing"
    zh = "找不到{what}。"
    advice, advice_zh = "Check the path.", "请核对路径。"


class FileUnusable(SpeechsvcError):
    """{path} cannot be read or written: {problem}"""

    code = "file_unusable"
    zh = "{path} 无法读写：{problem}"
    advice = "Check the path, its folder and the rights to it."
    advice_zh = "请核对路径、所在文件夹及其权限。"


def load_settings(**changes: Any) -> Settings:
    """Settings with the command's own options on top; logs go to stderr. Raises SettingsInvalid."""
    try:
        settings = Settings(**{k: v for k, v in changes.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = "SPEECHSVC_" + "_".join(str(p) for p in first["loc"]).upper()
        raise SettingsInvalid(name=name, problem=first["msg"].removeprefix("Value error, ")) from error
    except SettingsError as error:
        found = re.search(r'field "(\w+)"', str(error))  # the library names the field in its sentence only
        name = "SPEECHSVC_" + (found[1].upper() if found else "*")
        raise SettingsInvalid(name=name, problem="not JSON", problem_zh="不是 JSON") from error
    logging.configure(settings.log_level, settings.log_format)
    return settings


@lru_cache
def ui_language() -> str:
    """ "zh" or "en"; by the environment alone when the settings themselves are broken."""
    try:
        return Settings().language_of_ui
    except (ValidationError, SettingsError):
        return language_of_environment()


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


def channel_layout(text: str | None) -> str | dict[str, str] | None:
    """`mono`, or the JSON object that names left and right. Raises InvalidInput."""
    if not text or not text.startswith("{"):
        return text
    try:
        layout: dict[str, str] = json.loads(text)
    except ValueError:
        raise InvalidInput(field="channels", problem="not JSON", problem_zh="不是 JSON") from None
    return layout
