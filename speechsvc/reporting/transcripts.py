"""A transcript as JSON, plain text, SubRip and WebVTT. Pass a masked transcript unless the reader may see it raw."""

from __future__ import annotations

from typing import Any

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.transcript import Segment, Transcript

_SPEAKERS = {
    Speaker.AGENT: ("销售", "Salesperson"),
    Speaker.CUSTOMER: ("客户", "Customer"),
    Speaker.UNKNOWN: ("未知", "Unknown"),
}


def transcript_json(transcript: Transcript) -> dict[str, Any]:
    """Segments in order of start; times in seconds. `speech`, `sounds` and `removed` say what was heard where."""
    return {
        "segments": [_segment(s) for s in transcript.segments],
        "duration": transcript.duration,
        "language": transcript.language,
        "model": dict(transcript.model),
        "warnings": list(transcript.warnings),
        "partial": transcript.partial,
        "speech": [_interval(i.channel, i.start, i.end, speaker=i.speaker.value) for i in transcript.speech],
        "sounds": [_interval(i.channel, i.start, i.end, kind=i.kind) for i in transcript.sounds],
        "removed": [_interval(i.channel, i.start, i.end) for i in transcript.removed],
    }


def transcript_txt(transcript: Transcript, language: str = "zh") -> str:
    """One line a segment: [mm:ss] speaker: words. Suspect segments say so."""
    return "".join(f"[{_clock(s.start)}] {_line(s, language)}\n" for s in transcript.segments)


def transcript_srt(transcript: Transcript, language: str = "zh") -> str:
    """SubRip subtitles."""
    blocks = (
        f"{n}\n{_stamp(s.start, ',')} --> {_stamp(_end(s), ',')}\n{_one_line(_line(s, language))}\n"
        for n, s in enumerate(transcript.segments, start=1)
    )
    return "\n".join(blocks)


def transcript_vtt(transcript: Transcript) -> str:
    """WebVTT; the speaker is the cue's voice, suspect cues have the class `suspect`."""
    return "\n".join(["WEBVTT\n", *(_cue(s) for s in transcript.segments)])


def speaker_label(speaker: Speaker, language: str = "zh") -> str:
    return _SPEAKERS[speaker][1 if language == "en" else 0]


def _segment(s: Segment) -> dict[str, Any]:
    return {
        "speaker": s.speaker.value,
        "channel": s.channel,
        "start": s.start,
        "end": s.end,
        "text": s.text,
        "confidence": s.confidence,
        "suspect": list(s.suspect),
        **({} if s.voice is None else {"voice": s.voice}),
    }


def _interval(channel: int, start: float, end: float, **more: str) -> dict[str, Any]:
    return {"channel": channel, **more, "start": start, "end": end}


def _line(s: Segment, language: str) -> str:
    colon, doubt = (": ", "(doubtful) ") if language == "en" else ("：", "（存疑）")
    return f"{speaker_label(s.speaker, language)}{colon}{doubt if s.suspect else ''}{s.text}"


def _cue(s: Segment) -> str:
    text = _one_line(s.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    voice = f"<v.suspect {s.speaker.value}>" if s.suspect else f"<v {s.speaker.value}>"
    return f"{_stamp(s.start, '.')} --> {_stamp(_end(s), '.')}\n{voice}{text}</v>\n"


def _one_line(text: str) -> str:
    """An empty line would end the subtitle."""
    return " ".join(text.split())


def _end(s: Segment) -> float:
    """Players drop a subtitle that ends when it begins."""
    return max(s.end, s.start + 0.001)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02d}:{rest:02d}"


def _stamp(seconds: float, point: str) -> str:
    """hh:mm:ss and milliseconds."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"
