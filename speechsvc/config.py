"""Typed settings, the only reader of the environment. Every field is SPEECHSVC_<NAME>; docs/settings.md lists them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data_dir() -> Path:
    return Path("var") if Path("pyproject.toml").is_file() and Path("speechsvc").is_dir() else Path("speechsvc-data")


class Settings(BaseSettings):
    """Defaults are the embedded shape: SQLite, local files, embedded broker, bundled demo model."""

    model_config = SettingsConfigDict(
        env_prefix="SPEECHSVC_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default_factory=_default_data_dir, description="folder for everything the embedded shape stores"
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty: SQLite in data_dir. postgresql+psycopg://user:password@host/db"
    )
    broker_url: str = Field(
        "", description="Celery broker; empty: embedded, files in data_dir. amqp://... or redis://..."
    )
    blob_url: str = Field("", description="recordings; empty: folder in data_dir. s3://bucket/prefix")
    s3_endpoint_url: str | None = Field(
        None, description="S3-compatible store that is not AWS; credentials come from AWS_* as usual"
    )

    temp_dir: Path | None = Field(
        None, description="folder for decoded audio (230 MB an hour, stereo); empty: the system's"
    )

    host: str = Field("127.0.0.1", description="address the web process listens on")
    port: int = Field(8321, ge=1, le=65535, description="port the web process listens on")
    public_url: str | None = Field(None, description="address under which people reach the service, for links")

    tenant: str = Field("default", description="tenant that the embedded shape and the command line use")
    timezone: str = Field("Asia/Shanghai", description="time zone of a new tenant, IANA name")

    model: str = Field("demo", description="speech model: a name from models/catalogue.yaml, or a folder")
    model_dir: Path | None = Field(None, description="where downloaded models lie; empty: data_dir/models")
    hub_endpoint: str | None = Field(None, description="mirror of the model hub")
    offline: bool = Field(False, description="never download anything")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto takes a usable GPU, else the CPU; cuda fails loudly if unusable"
    )
    compute_type: str = Field("auto", description="auto: int8 on CPU, float16 on GPU; or a CTranslate2 type")
    cpu_threads: int = Field(
        0, ge=0, description="threads a recognition process uses; 0: the cores divided by the processes"
    )
    language: str = Field("zh", description="language of the calls")
    profile: Literal["sequential", "fast", "batched"] = Field(
        "sequential", description="how speech is recognised: sequential; fast (CPU); batched (GPU); see docs/models.md"
    )
    beam_size: int = Field(0, ge=0, le=20, description="hypotheses kept while decoding; 0: the profile's own")
    window_s: int = Field(
        0, ge=0, le=30, description="seconds of speech the model reads at once; 0: the model's own, or the profile's"
    )
    asr_batch: int = Field(0, ge=0, le=128, description="windows at once in the profile batched; 0: by device")
    hotwords: str = Field("", description="words to expect, for the model; off by default: they may leak into the text")
    initial_prompt: str = Field("", description="text the model is told came before; off by default, as hotwords")
    simplified: bool = Field(True, description="turn traditional characters of a transcript into simplified ones")

    diarizer: Literal["auto", "basic", "full", "off"] = Field(
        "auto", description="who speaks when in mono: auto takes full where its models are present, else basic"
    )
    asr_processes: int = Field(
        0, ge=0, description="recognition processes on this machine; 0: by cores, memory, model and device"
    )
    text_processes: int = Field(1, ge=1, description="analysis and webhook processes on this machine")
    helpers: int | None = Field(
        None,
        ge=0,
        le=64,
        description="processes that help with a preview; empty: cores less one, at most 3",
    )
    worker_memory_mb: int = Field(
        0,
        ge=0,
        description="memory at which a worker process is renewed after its job; 0: half of the machine's, shared",
    )
    worker_jobs: int = Field(1000, ge=1, description="jobs after which a worker process is renewed")
    lease_s: float = Field(60, ge=2, description="seconds a worker may stay silent before its job goes to another")
    max_attempts: int = Field(3, ge=1, description="tries before a job is given up")
    announce_quiet_s: float = Field(30, ge=0.5, description="seconds before an unanswered wake-up is repeated")

    max_upload_bytes: int = Field(1 << 30, ge=1, description="largest recording accepted, bytes")
    max_audio_s: float = Field(4 * 3600, ge=1, description="longest recording accepted, decoded seconds")
    max_text_chars: int = Field(200_000, ge=1, description="longest text accepted")

    lexicon: Path | None = Field(None, description="lexicon folder or file; empty: the bundled default")
    rubric: Path | None = Field(None, description="rubric file; empty: the bundled default")
    homophones: bool = Field(True, description="tolerate homophones that speech recognition writes")
    learned: bool = Field(
        True, description="learned entries and the learned next step; off: written entries and phrases only"
    )

    followup_settle_hours: float = Field(
        72, ge=0, description="hours after the last activity until a follow-up's score no longer moves by itself"
    )
    followup_episode_days: float = Field(
        7, gt=0, description="days without activity after which a call without followup_id begins a new follow-up"
    )
    followup_documents: Literal["auto", "on", "off"] = Field(
        "auto", description="documents in the score; auto: where the tenant sent any in the last 90 days"
    )
    followup_minutes: Literal["auto", "on", "off"] = Field("auto", description="minutes in the score; as documents")

    webhook_allow_cidrs: list[str] = Field(
        default_factory=list, description='private networks that webhooks may reach, JSON: ["10.1.0.0/16"]'
    )
    webhook_allow_http: bool = Field(False, description="allow http:// webhook URLs")
    webhook_timeout_s: float = Field(15, gt=0, le=30, description="seconds a receiver has to answer")

    ui_language: Literal["auto", "zh", "en"] = Field(
        "auto", description="language of the command line; auto: from LANG"
    )
    api_key: str = Field("", description="key that the command line uses to reach a running service")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING, ERROR")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text on a terminal, else JSON lines")
    supervisor_pid: int = Field(0, description="set by 'speechsvc serve' for its children: they end when it does")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, name: str) -> str:
        if name.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return name.upper()

    @field_validator("webhook_allow_cidrs")
    @classmethod
    def _networks(cls, cidrs: list[str]) -> list[str]:
        for cidr in cidrs:
            try:
                ip_network(cidr, strict=False)
            except ValueError:
                raise ValueError('each must be a network such as "10.1.0.0/16"') from None
        return cidrs

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        """An unknown zone would fail every upload, not the start."""
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("there is no time zone of this name; use an IANA name such as Asia/Shanghai") from None
        return name

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'speechsvc.db').resolve()}"

    @property
    def effective_model_dir(self) -> Path:
        return self.model_dir or self.data_dir / "models"

    @property
    def embedded_broker(self) -> bool:
        return not self.broker_url

    @property
    def language_of_ui(self) -> str:
        """ "zh" or "en"."""
        if self.ui_language != "auto":
            return self.ui_language
        return language_of_environment()


def language_of_environment() -> str:
    """ "zh" or "en", as the terminal's locale says."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.startswith("zh") else "en"


def child_environment(settings: Settings, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a process of ours: this one's, with every setting as it is in force here."""
    environment = dict(os.environ)
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        text = json.dumps(value) if isinstance(value, list | dict) else str(value)
        environment[f"SPEECHSVC_{name.upper()}"] = text
    environment["SPEECHSVC_DATA_DIR"] = str(settings.data_dir.resolve())
    return environment | dict(changes or {})


def make_private_folder(folder: Path) -> None:
    """Makes the folder, and those above it that are missing, for their owner alone: calls are personal data."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
