"""Speech-and-text analysis for Chinese B2B sales calls. Start at `speechsvc.bootstrap`; map: docs/architecture.md."""

import os

__version__ = "0.1.0"

# onnxruntime (voice activity detection) reports to its maker by default, with a device id kept in HOME, and decides so
# when it is first loaded. A self-hosted service tells nobody anything: switched off before anything can import it.
for _name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "1")
