"""Speech-and-text analysis for Chinese B2B sales calls. Start at `speechsvc.bootstrap`; the map is docs/architecture.md."""

__version__ = "0.1.0"
