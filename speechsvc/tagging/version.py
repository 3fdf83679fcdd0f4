"""The engine's version: code and built-in tables. Raise it with every change that can alter a result."""

from importlib.metadata import version

CODE = "1"
TABLES = "1"  # syllables, negation cues, question words, classes

ENGINE_VERSION = (
    f"tagger-{CODE}.{TABLES}-jieba{version('jieba')}-pypinyin{version('pypinyin')}-opencc{version('opencc')}"
)
