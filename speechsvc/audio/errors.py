"""What can be wrong with a recording. Each is a result the uploader reads, never a crash."""

from speechsvc.errors import SpeechsvcError


class RecordingEmpty(SpeechsvcError):
    """The recording holds no audio samples."""

    code, status = "recording_empty", 422
    zh = "录音里没有任何声音数据。"
    advice = "Check on the call system that the recording was written completely, then send it again."
    advice_zh = "请在通话系统上确认录音已完整写入，然后重新上传。"


class RecordingNotAudio(SpeechsvcError):
    """This file is not a recording in a format the service reads."""

    code, status = "recording_not_audio", 422
    zh = "这个文件不是本服务能读取的录音。"
    advice = "Send WAV, MP3, M4A/AAC, AMR, OGG/Opus, FLAC or WebM; raw audio without a header cannot be read."
    advice_zh = "请上传 WAV、MP3、M4A/AAC、AMR、OGG/Opus、FLAC 或 WebM；没有文件头的裸音频无法读取。"


class RecordingNoAudioStream(SpeechsvcError):
    """The file holds no audio track."""

    code, status = "recording_no_audio_stream", 422
    zh = "文件里没有音频轨。"
    advice = "Send the recording of the call, not a picture or a silent video."
    advice_zh = "请上传通话录音，而不是图片或无声视频。"


class RecordingUnsupported(SpeechsvcError):
    """The recording's {property} is {value}; the service takes {allowed}."""

    code, status = "recording_unsupported", 422
    zh = "录音的{property_zh}为 {value}，本服务只接受 {allowed}。"
    advice = "Set the call system to record one or two channels at 8 to 48 kHz, or convert the file first."
    advice_zh = "请把通话系统设为 8 至 48 kHz、单声道或双声道录音，或先转换文件。"


class RecordingTooLong(SpeechsvcError):
    """The recording is longer than {limit_minutes} minutes."""

    code, status = "recording_too_long", 422
    zh = "录音超过 {limit_minutes} 分钟。"
    advice = "Send calls one by one, or have the operator raise the longest accepted duration."
    advice_zh = "请逐通上传，或请管理员调高允许的最长时长。"


class RecordingUndecodable(SpeechsvcError):
    """The recording is damaged: nothing in it could be decoded."""

    code, status = "recording_undecodable", 422
    zh = "录音已损坏，无法解码出任何声音。"
    advice, advice_zh = "Export the recording again from the call system.", "请从通话系统重新导出录音。"


class DecodeLimitReached(SpeechsvcError):
    """Decoding stopped at its {resource} limit."""

    code, status, permanent = "recording_decode_limit", 422, False
    zh = "解码触及{resource_zh}上限，已停止。"
    advice = "The file is probably damaged or built to exhaust the machine; export it again, or raise the limit."
    advice_zh = "文件可能已损坏或被恶意构造；请重新导出，或调高上限。"


class DecoderUnavailable(SpeechsvcError):
    """The audio decoder could not start on this machine."""

    code, status, permanent = "decoder_unavailable", 500, False
    zh = "本机无法启动音频解码程序。"
    advice = "Run 'speechsvc doctor'; the PyAV package may be missing or damaged."
    advice_zh = "请运行 'speechsvc doctor'；可能缺少 PyAV 或其安装已损坏。"
