"""The documents say what the code has: every setting, every error code of the API, every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from speechsvc.cli.main import app
from speechsvc.config import Settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`SPEECHSVC_{name.upper()}`" in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    names = [c.name for c in app.registered_commands if not c.hidden] + [g.name for g in app.registered_groups]
    assert [n for n in names if f"speechsvc {n}" not in readme] == []
