"""Spoken material made at test time with espeak-ng: voices, mono mixes, and what was really said when by whom."""
