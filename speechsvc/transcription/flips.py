"""Language flips: in a Chinese call, text that is mostly another language or script.

Whisper sometimes changes language in noise, music and mumbling, and then invents. Chinese business talk is full of
Latin names and short forms (ERP, SaaS, OK, an e-mail address), and carriers' prompts come in English too: none of these
is a flip.
"""

from __future__ import annotations

import re
import unicodedata

CHINESE = frozenset({"zh", "yue"})
LEAST_FOREIGN = 2  # letters of kana, Hangul and the like; one may be a decoration
FOREIGN_SHARE = 0.3  # of all letters
LEAST_WORDS = 4  # English words that make a sentence
LEAST_COMMON = 2  # different words among them that only running English has
CHINESE_FOR_A_WORD = 1.0  # with more Chinese characters than English words it is Chinese talk with English in it

_ADDRESS = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|cn|net|org|io)\b", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
# only running English has these
_COMMON = frozenset(
    re.findall(
        r"[a-z']+",
        """
        the a an you i we it he she they is are was were be been have has
        had do does did don't can't i'm it's that's this that these those to of and in on
        for with from at by not no so but if what when where how who all just like
        will would can could should my your our his her their me us him them there here very
        much thank thanks please going know think
        """,
    )
)
_PROMPTS = (  # what exchanges and voicemail boxes really say in English on Chinese lines
    r"subscriber|you (?:have )?dial|dialed|redial|call again later|try again later",
    r"leave (?:a|your) message|after the (?:tone|beep)|voice ?mail|please hold",
    r"for english|press (?:\d|one|two|three|zero)|does not exist|out of service|cannot be connected",
    r"(?:is|are) (?:busy|powered off|power off|switched off|not available)",
    r"call (?:is|will be|may be) (?:being )?(?:recorded|transferred)",
)
_PROMPT = re.compile("|".join(_PROMPTS), re.IGNORECASE)


def flips(text: str, language: str) -> bool:
    """Whether `text`, in a call whose language is Chinese, is mostly another one. Never true for other calls."""
    if language not in CHINESE:
        return False
    rest = _ADDRESS.sub(" ", text)
    return _other_script(rest) or _english(rest)


def _other_script(text: str) -> bool:
    """Kana, Hangul, Cyrillic, Arabic, Thai and the like in more than a few letters."""
    letters = [c for c in text if c.isalpha()]
    foreign = sum(1 for c in letters if _script(c) not in ("LATIN", "CJK", "FULLWIDTH", "BOPOMOFO", "GREEK", "MICRO"))
    return foreign >= LEAST_FOREIGN and foreign >= FOREIGN_SHARE * len(letters)


def _script(character: str) -> str:
    """First word of the character's Unicode name; α and µ are units and versions in Chinese talk."""
    return unicodedata.name(character, "CJK").split()[0]


def _english(text: str) -> bool:
    words = [w.lower() for w in _WORD.findall(unicodedata.normalize("NFKC", text).replace("’", "'"))]
    common = {w for w in words if w in _COMMON}
    if len(words) < LEAST_WORDS or len(common) < LEAST_COMMON or _PROMPT.search(text):
        return False
    return len(_HAN.findall(text)) <= CHINESE_FOR_A_WORD * len(words)
