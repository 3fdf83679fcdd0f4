"""Celery workers: `celery -A workers worker -Q asr` (or text, crm)."""

from workers.app import app

__all__ = ["app"]
