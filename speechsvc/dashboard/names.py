"""Words for codes, in Chinese and English. An unknown code is shown as it is."""

from __future__ import annotations

_STATUS = {
    "queued": ("排队中", "Queued"),
    "transcribing": ("转写中", "Transcribing"),
    "analysing": ("分析中", "Analysing"),
    "done": ("已完成", "Done"),
    "partial": ("部分完成", "Partial"),
    "failed": ("失败", "Failed"),
}
_CONTACT = {
    "effective": ("有效沟通", "Effective contact"),
    "voicemail": ("语音信箱", "Voicemail"),
    "ivr": ("语音菜单", "IVR"),
    "wrong_number": ("打错电话", "Wrong number"),
    "refused": ("拒绝沟通", "Refused"),
    "no_speech": ("无人说话", "No speech"),
}
_MATCH = {
    "exact": ("词条原文", "exact term"),
    "variant": ("词条变体", "variant"),
    "homophone": ("同音词", "homophone"),
    "pattern": ("句式规则", "pattern"),
    "learned": ("学习所得", "learned"),
}
_SUSPECT = {
    "no_speech": ("此处没有检测到语音", "no speech was detected here"),
    "invented_phrase": ("疑似模型编造的固定句", "a sentence that models invent"),
    "repetition": ("疑似循环重复", "a repetition loop"),
    "speech_rate": ("语速不合常理", "faster than anyone speaks"),
    "crosstalk": ("是另一方声音的串音", "the other side's voice, leaking in"),
    "language": ("大部分不是本通话的语言", "mostly another language than the call's"),
    "prompt_echo": ("疑似把提示词当成了通话内容", "what the model was told, given back"),
    "music": ("此处是提示音或音乐，不是人声", "tones or music here, no voice"),
}
_WARNING = {
    "truncated": ("录音被截断，只分析了已有部分", "The recording is cut off; what there was is analysed"),
    "damaged_parts": ("录音有损坏片段", "Parts of the recording are damaged"),
    "channel_silent": ("有一个声道没有声音", "One channel is silent"),
    "channels_identical": (
        "两个声道内容相同，无法区分说话人",
        "Both channels are the same: speakers cannot be told apart",
    ),
    "channels_inverted": ("两个声道反相", "The channels are phase-inverted"),
    "channels_not_mono": ("声明为单声道，实际为双声道", "Declared as mono, but there are two channels"),
    "channels_crosstalk": (
        "一个声道里能听到另一方的声音（串音）；只是串音的语句已标为存疑",
        "One side is heard on the other side's channel (crosstalk); what is nothing but that is marked doubtful",
    ),
    "channels_maybe_swapped": (
        "左右声道可能标反了：话语内容与标注的销售/客户不符，请核对上传时的 channels",
        "The sides may be swapped: what is said speaks against who is named agent; check `channels` of the upload",
    ),
    "length_wrong": (
        "文件头写的时长偏短，已读取全部内容",
        "The file's header gives too short a length; all of it was read",
    ),
    "extra_tracks": ("文件有多条音轨，只分析了第一条", "The file has several sound tracks; only the first is analysed"),
    "speakers_uncertain": (
        "单声道录音：无法确定谁是销售、谁是客户，说话人标为未知，不计入热力图",
        "One channel: who is salesperson and who customer is not certain; speakers stay unknown and out of the heatmap",
    ),
    "no_speech": ("没有检测到有人说话", "No speech was heard"),
    "recording_mono": ("声明为双声道，实际为单声道", "Declared as stereo, but it is mono"),
}
_SOURCE = {
    "call": ("通话", "Call"),
    "transcript": ("外部转写", "Outside transcript"),
    "minutes": ("会议纪要", "Minutes"),
    "chat": ("聊天", "Chat"),
    "email": ("邮件", "E-mail"),
}
_SPEAKER = {"agent": ("销售", "Salesperson"), "customer": ("客户", "Customer"), "unknown": ("未知", "Unknown")}
_FIGURE = {  # name and unit, with what it means
    "seconds": (("说话时长", "语音检测听到的说话时间"), ("Talk time", "speech heard by the voice detector")),
    "share": (("占比", "占所有人说话时间的比例"), ("Share", "of everybody's talk time")),
    "longest_monologue": (
        ("最长独白", "对方没有插话（“嗯”“对”不算）的最长一段"),
        ("Longest monologue", "until the other says more than an acknowledgement"),
    ),
    "interruptions": (
        ("打断对方", "对方还在说时开口并接过话头的次数"),
        ("Interruptions", "began while the other spoke, and took the turn"),
    ),
    "response_gap_median": (
        ("应答间隔（中位）", "对方说完到自己开口"),
        ("Response gap (median)", "from the other's last word to the own first"),
    ),
    "response_gap_p90": (
        ("应答间隔（九成以内）", "十次应答中九次不超过"),
        ("Response gap (9 in 10)", "nine in ten answers come sooner"),
    ),
    "syllables_per_second": (
        ("语速（音节/秒）", "自己每秒说话的音节数"),
        ("Syllables a second", "of own speech"),
    ),
    "questions": (("提问", "问句数"), ("Questions", "sentences that ask")),
}
_ROLE = {
    "uploader": ("上传方", "Uploader"),
    "manager": ("销售经理", "Manager"),
    "qa": ("质检", "QA"),
    "crm": ("CRM", "CRM"),
    "salesperson": ("销售", "Salesperson"),
    "admin": ("管理员", "Admin"),
}
_THING = {
    "call": ("通话", "call"),
    "recording": ("录音", "recording"),
    "file": ("文件", "file"),
    "follow-up": ("跟进", "follow-up"),
    "appeal": ("申诉", "appeal"),
}
_STATE = {
    "provisional": ("进行中", "Open"),
    "settled": ("已定", "Settled"),
    "appealed": ("申诉中", "Appealed"),
    "final": ("已终定", "Final"),
}
_REASON = {
    "below_pass_line": ("低于及格线", "below the pass line"),
    "no_effective_contact": ("没有有效沟通", "no effective contact"),
    "one_sided": ("单方说话", "one side only"),
    "monologue": ("销售独白", "salesperson's monologue"),
    "no_business": ("未谈业务", "no business topic"),
    "stalled": ("客户推脱", "put off"),
    "speakers_unknown": ("说话人未知", "speakers not known"),
    "duplicates_left_out": ("重复内容已剔除", "duplicates left out"),
    "late_items_left_out": ("迟到内容未计入", "late items left out"),
    "ruled_by_decision": ("申诉裁定", "ruled by an appeal's decision"),
    "ruled_by_override": ("主管改判", "overridden by a manager"),
    "same_recording": ("同一录音", "the same recording"),
    "same_words": ("内容相同", "the same words"),
    "overlapping_call": ("同一时间的另一通通话", "another call at the same time"),
    "same_document": ("同一文件", "the same document"),
    "same_minutes": ("同样的纪要", "the same minutes"),
    "customer_on_two_calls": ("同一客户同时在与另一位销售通话", "the customer was on another call at the same time"),
}
_ITEM = {"call": ("通话", "Call"), "minutes": ("纪要", "Minutes"), "document": ("文件", "Document")}
_APPEAL = {"open": ("待裁定", "open"), "upheld": ("维持原分", "upheld"), "changed": ("已改分", "changed")}
_TOUCH = {
    "2h": ("≤2 小时", "within 2 h"),
    "24h": ("2-24 小时", "2-24 h"),
    "72h": ("24-72 小时", "24-72 h"),
    "late": (">72 小时", "over 72 h"),
    "none": ("尚未触达", "not yet"),
}
_VERSION = {
    "lexicon": ("词库", "Lexicon"),
    "rubric": ("评分规则", "Rubric"),
    "engine": ("分析引擎", "Engine"),
    "transcript": ("转写模型", "Speech model"),
    "scoring": ("评分代码", "Scoring code"),
}


def status(code: str, language: str) -> str:
    return _word(_STATUS, code, language)


def contact(code: str, language: str) -> str:
    return _word(_CONTACT, code, language)


def match(code: str, language: str) -> str:
    return _word(_MATCH, code, language)


def suspect(code: str, language: str) -> str:
    return _word(_SUSPECT, code, language)


def warning(code: str, language: str) -> str:
    return _word(_WARNING, code, language)


def source(code: str, language: str) -> str:
    return _word(_SOURCE, code, language)


def speaker(code: str, language: str) -> str:
    return _word(_SPEAKER, code, language)


def figure(code: str, language: str) -> tuple[str, str]:
    """Name and meaning of one of a side's figures."""
    return _FIGURE[code][1 if language == "en" else 0]


def role(code: str, language: str) -> str:
    return _word(_ROLE, code, language)


def version(code: str, language: str) -> str:
    return _word(_VERSION, code, language)


def state(code: str, language: str) -> str:
    return _word(_STATE, code, language)


def reason(code: str, language: str) -> str:
    return _word(_REASON, code, language)


def item(code: str, language: str) -> str:
    return _word(_ITEM, code, language)


def appeal(code: str, language: str) -> str:
    return _word(_APPEAL, code, language)


def touch(code: str, language: str) -> str:
    return _word(_TOUCH, code, language)


def thing(code: str, language: str) -> str:
    """What a `NotFound` names."""
    return _word(_THING, code, language)


def options(kind: str) -> tuple[str, ...]:
    """All known codes of "status", "contact", "source", "state" or "touch", in order."""
    tables = {"status": _STATUS, "contact": _CONTACT, "source": _SOURCE, "state": _STATE, "touch": _TOUCH}
    return tuple(tables[kind])


def _word(table: dict[str, tuple[str, str]], code: str, language: str) -> str:
    return table.get(code, (code, code))[1 if language == "en" else 0]
