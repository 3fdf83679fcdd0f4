"""From the byte library to what the network sees: noise, telephone bands, equaliser and gain added on the way."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from models.recipe.channel import HIGHEST, LOWEST


def _centres() -> Tensor:
    """Centre of each of the 80 mel bands in Hz (Slaney's scale, 0 to 8000 Hz)."""
    mel = torch.linspace(0, 45.245640471924965, 82)
    linear = 200 / 3 * mel
    return torch.where(mel >= 15, 1000 * torch.exp(math.log(6.4) / 27 * (mel - 15)), linear)[1:-1]


def gather(library: Tensor, frames: Tensor, gain: Tensor) -> Tensor:
    """log10 mel of the windows, (batch, 3000, 80), from `library` (all frames, 80) of bytes; index -1 is silence."""
    step = (HIGHEST - LOWEST) / 255
    mel = library[frames.clamp(min=0)].float() * step + LOWEST
    mel = torch.where((frames < 0)[..., None], mel.new_tensor(LOWEST), mel + gain.float()[..., None])
    return mel.clamp(min=LOWEST)


def augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Other rooms and lines for `x` (batch, frames, 80), log10 of mel power; same shape."""
    size, frames, _ = x.shape

    def r(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=x.device)

    centres = _centres().to(x.device)[None, None]
    k = torch.linspace(0, 1, 80, device=x.device)[None, None]
    power = torch.pow(10.0, x)
    level = x.amax((1, 2), keepdim=True) - (2.0 + 5.5 * r(size, 1, 1))
    tilt = (r(size, 1, 1) * 3 - 2.2) * k + 0.5 * torch.sin(k * 6.28 * (0.5 + 2 * r(size, 1, 1)) + 6.28 * r(size, 1, 1))
    slow = F.interpolate(r(size, 1, max(2, frames // 60)), size=frames, mode="linear").transpose(1, 2) * 0.8 - 0.4
    noise = -torch.log(r(size, frames, 80).clamp_min(1e-6))
    noisy = (r(size, 1, 1) < 0.55).float()
    x = torch.log10(power + noisy * torch.pow(10.0, level + tilt + slow) * noise)
    narrow = (r(size, 1, 1) < 0.35).float()
    high, low = 3300 + 700 * r(size, 1, 1), 380 * r(size, 1, 1)
    loss = ((centres - high).clamp_min(0) / 120).clamp_max(9) + ((low - centres).clamp_min(0) / 120).clamp_max(2)
    x = x - narrow * loss
    x = x + (r(size, 1, 1) - 0.5) * (k - 0.5) * 2 + 0.2 * torch.sin(k * 12.56 * r(size, 1, 1) + 6.28 * r(size, 1, 1))
    return (x + r(size, 1, 1) * 2.4 - 1.6).clamp_min(LOWEST)


def normalise(x: Tensor, padded_from: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Whisper's scaling; beyond `padded_from` (batch,) zeros, as faster-whisper pads.

    The loudest frame of a recording may lie outside the window: with a generator, it does for some.
    """
    loudest = x.amax((1, 2), keepdim=True)
    if generator is not None:
        draw = torch.rand(2, x.shape[0], 1, 1, generator=generator, device=x.device)
        loudest = loudest + (draw[0] < 0.35).float() * draw[1] * 0.9
    x = (torch.maximum(x, loudest - 8) + 4) / 4
    inside = torch.arange(x.shape[1], device=x.device)[None] < padded_from[:, None]
    return x * inside[..., None]
