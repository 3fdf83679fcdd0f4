"""How the demonstration model is made: text, synthetic speech, training, export, measuring. See README.md here.

Not part of the service: its tools (PyTorch, espeak-ng) are no run-time dependencies, and the wheel leaves it out.
"""
