"""What can go wrong between a recording and its words: machine and model trouble, never the recording's fault.

So it is not permanent, and what the operator can put right has status 503 or 507: recordings wait for that.
"""

from speechsvc.errors import SpeechsvcError


class ModelUnknown(SpeechsvcError):
    """There is no speech model called {name}: it is neither a folder nor in the catalogue ({known})."""

    code, status, permanent = "model_unknown", 503, False
    zh = "没有名为 {name} 的语音模型：它既不是文件夹，也不在目录中（{known}）。"
    advice = "Set the model to a catalogue name or to a folder that holds a CTranslate2 Whisper model."
    advice_zh = "请把模型设为目录中的名称，或设为存放 CTranslate2 Whisper 模型的文件夹。"


class ModelIncomplete(SpeechsvcError):
    """The model folder {folder} cannot be used: {problem}."""

    code, status, permanent = "model_incomplete", 503, False
    zh = "模型文件夹 {folder} 无法使用：{problem_zh}。"
    advice = "Copy the whole folder again; it needs model.bin, config.json, tokenizer.json and vocabulary.json or .txt."
    advice_zh = "请重新完整复制文件夹；需要 model.bin、config.json、tokenizer.json 以及 vocabulary.json 或 .txt。"


class ModelNotDownloaded(SpeechsvcError):
    """The speech model {name} is not on this machine and downloads are switched off."""

    code, status, permanent = "model_not_downloaded", 503, False
    zh = "本机没有语音模型 {name}，且已关闭下载。"
    advice = "Download it on another machine and copy the folder to {folder}, or allow downloads."
    advice_zh = "请在另一台机器下载后把文件夹复制到 {folder}，或允许下载。"


class ModelDownloadFailed(SpeechsvcError):
    """The speech model {name} could not be downloaded from {endpoint}: {problem}."""

    code, status, permanent = "model_download_failed", 503, False
    zh = "无法从 {endpoint} 下载语音模型 {name}：{problem_zh}。"
    advice = "Check network and proxy, set a mirror such as https://hf-mirror.com, or copy the folder to {folder}."
    advice_zh = "请检查网络与代理，设置镜像（例如 https://hf-mirror.com），或把模型文件夹复制到 {folder}。"


class ModelDiskFull(SpeechsvcError):
    """The disk is too full for the speech model {name}: {needed_mb} MB are needed in {folder}."""

    code, status, permanent = "model_disk_full", 507, False
    zh = "磁盘空间不足，无法存放语音模型 {name}：{folder} 需要 {needed_mb} MB。"
    advice = "Free space or set another model folder; a broken-off download continues where it stopped."
    advice_zh = "请清理磁盘或更换模型目录；中断的下载会从断点继续。"


class DeviceUnusable(SpeechsvcError):
    """The device {device} with compute type {compute_type} cannot be used: {problem}."""

    code, status, permanent = "device_unusable", 503, False
    zh = "设备 {device}（计算类型 {compute_type}）无法使用：{problem}。"
    advice = "Run 'speechsvc doctor'; install the GPU libraries named there, or set the device to cpu."
    advice_zh = "请运行 'speechsvc doctor'，按提示安装 GPU 库，或把设备设为 cpu。"


class ProfileUnsuitable(SpeechsvcError):
    """The recognition profile {profile} has not been measured with the speech model {model}."""

    code, status, permanent = "profile_unsuitable", 503, False
    zh = "识别方式 {profile} 尚未在语音模型 {model} 上评测。"
    advice = "Set SPEECHSVC_PROFILE to sequential or batched, or measure the model yourself and set SPEECHSVC_WINDOW_S."
    advice_zh = "请将 SPEECHSVC_PROFILE 设为 sequential 或 batched，或自行评测后设置 SPEECHSVC_WINDOW_S。"


class LanguageUnknown(SpeechsvcError):
    """There is no language {language} that speech models know."""

    code, status, permanent = "language_unknown", 422, True
    zh = "语音模型不支持语言代码 {language}。"
    advice, advice_zh = "Use a code such as zh, yue or en.", "请使用 zh、yue、en 等语言代码。"


class ModelCrossedFork(SpeechsvcError):
    """The speech model was loaded before this process was forked; it would hang here."""

    code, status, permanent = "model_crossed_fork", 503, False
    zh = "语音模型在进程分叉（fork）之前已加载，在此进程中会卡死。"
    advice = "Start workers with the spawn method, and load the model in the worker process only."
    advice_zh = "请以 spawn 方式启动工作进程，并只在工作进程内加载模型。"


class RecognitionFailed(SpeechsvcError):
    """The speech engine failed while recognising the recording ({detail})."""

    code, status, permanent = "recognition_failed", 500, False
    zh = "语音引擎识别录音时出错（{detail}）。"
    advice, advice_zh = (
        "It is tried again; if it stays, run 'speechsvc doctor'.",
        "会自动重试；若仍出错，请运行 'speechsvc doctor'。",
    )
