"""`speechsvc`: the command line. Each command lives in its own module; this one only joins them."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import NoReturn

import typer

from speechsvc import __version__
from speechsvc.cli import (
    demo,
    doctor,
    heatmap,
    ingest,
    keys,
    lexicon,
    models,
    rubric,
    score,
    serve,
    tag,
    tenants,
    touch_health,
    transcribe,
    webhooks,
)
from speechsvc.cli.common import FileUnusable, ui_language
from speechsvc.errors import SpeechsvcError

app = typer.Typer(
    name="speechsvc",
    help="Speech-and-text analysis for Chinese B2B sales calls. 中文 B2B 销售通话的语音与文本分析服务。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("serve-web", hidden=True)(serve.serve_web)
app.command("demo")(demo.demo)
app.command("ingest")(ingest.ingest)
app.command("transcribe")(transcribe.transcribe)
app.command("tag")(tag.tag)
app.command("heatmap")(heatmap.heatmap)
app.command("touch-health")(touch_health.touch_health)
app.command("doctor")(doctor.doctor)
app.add_typer(keys.app, name="keys")
app.add_typer(tenants.app, name="tenants")
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(rubric.app, name="rubric")
app.add_typer(score.app, name="score")
app.add_typer(models.app, name="models")
app.add_typer(webhooks.app, name="webhooks")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if show:
        print(f"speechsvc {__version__}")
        raise typer.Exit


def main() -> None:
    """Runs the command line; an error of ours becomes one plain sentence and what to do, with exit status 1."""
    _speak_utf8()
    try:
        app()
    except SpeechsvcError as error:
        _explain(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        if error.filename is None:  # not a file that the caller named: worth a full report
            raise
        _explain(FileUnusable(path=error.filename, problem=error.strerror))


def _explain(error: SpeechsvcError) -> NoReturn:
    language = ui_language()
    print(f"{error.message(language)}\n{error.next_step(language)}  [{error.code}]", file=sys.stderr)
    sys.exit(1)


def _speak_utf8() -> None:
    """Results are Chinese whatever the locale: a C locale must not turn them into a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and (stream.encoding or "").lower() in ("ascii", "us-ascii", "latin-1"):
            stream.reconfigure(encoding="utf-8")
