"""What can go wrong with telling speakers apart: the installation's fault, never the recording's."""

from speechsvc.errors import SpeechsvcError


class DiarizerMissing(SpeechsvcError):
    """The full diarizer was asked for, but sherpa-onnx is not installed or does not accept its models."""

    code, status, permanent = "diarizer_missing", 503, False
    zh = "已要求使用完整的说话人区分，但未安装 sherpa-onnx，或它不接受现有模型文件。"
    advice = "Run: pip install 'speechsvc[diarization]', copy the models again, or set the diarizer to basic."
    advice_zh = "请执行 pip install 'speechsvc[diarization]' 并重新复制模型，或把 SPEECHSVC_DIARIZER 设为 basic。"
