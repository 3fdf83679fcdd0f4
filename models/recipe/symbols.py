"""The model's vocabulary: one token a character, Whisper's special tokens, 1501 time tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

PUNCTUATION = ("，", "。", "？")
SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|yue|>", "<|translate|>", "<|transcribe|>",
    "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip
TIMES = tuple(f"<|{i * 0.02:.2f}|>" for i in range(1501))
LANGUAGES = ("<|en|>", "<|zh|>", "<|yue|>")


@dataclass(frozen=True)
class Vocabulary:
    """Token ids in the order that CTranslate2 and faster-whisper expect: text, special, times last."""

    characters: tuple[str, ...]  # sorted

    @cached_property
    def text(self) -> tuple[str, ...]:
        # "" tells CTranslate2 that the model is multilingual; a space, - and ' must encode to something
        text = ("<unk>", " ", "-", "'", *PUNCTUATION, *self.characters, "")
        padding = -(len(text) + len(SPECIAL) + len(TIMES)) % 8  # int8 kernels like multiples of eight
        return text + tuple(f"<pad{i}>" for i in range(padding))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        return self.text + SPECIAL + TIMES

    @cached_property
    def ids(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def first_time(self) -> int:
        """Id of <|0.00|>."""
        return len(self.text) + len(SPECIAL)

    def special(self, name: str) -> int:
        """Id of `<|name|>`."""
        return self.ids[f"<|{name}|>"]

    def never_written(self) -> list[int]:
        """Ids that no transcript may hold."""
        return [i for t, i in self.ids.items() if t in ("", "<unk>") or t.startswith("<pad")]


def common_characters() -> list[str]:
    """The 3755 characters of GB 2312's first level, in its order."""
    rows = range(0xB0, 0xD8)
    cells = (bytes((row, cell)) for row in rows for cell in range(0xA1, 0xFF))
    return [c.decode("gb2312") for c in cells if not (c[0] == 0xD7 and c[1] > 0xF9)]
