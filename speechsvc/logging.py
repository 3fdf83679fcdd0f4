"""Structured logs, set up once a process. Event names are constant; data goes in fields; ids, never content."""

from __future__ import annotations

import logging as stdlib
import sys

import structlog


def configure(level: str = "INFO", format: str = "auto") -> None:
    """JSON lines on stderr, or readable text on a terminal. Other libraries' records take the same road."""
    text = format == "text" or (format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = stdlib.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    stdlib.captureWarnings(True)
    root = stdlib.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "httpx",
        "httpcore",
        "botocore",
        "boto3",
        "urllib3",
        "matplotlib",
        "faster_whisper",
        "jieba",
        "alembic",
        "celery.bootsteps",
        "kombu",
    ):
        stdlib.getLogger(noisy).setLevel(stdlib.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose methods take an event name and fields."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
