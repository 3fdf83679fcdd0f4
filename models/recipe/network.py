"""Whisper's architecture, small: an encoder over log-mel frames, a decoder over tokens, embeddings tied."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Size:
    """Dimensions. 12.4 million parameters as they stand, 14 MB in int8."""

    width: int = 320
    heads: int = 5
    encoder_layers: int = 4
    decoder_layers: int = 3
    frames: int = 1500  # encoder positions of 20 ms: 30 s
    positions: int = 448  # decoder positions


def sinusoids(length: int, channels: int) -> Tensor:
    """Whisper's fixed positions, shape (length, channels)."""
    step = math.log(10_000) / (channels // 2 - 1)
    angles = torch.arange(length)[:, None] * torch.exp(-step * torch.arange(channels // 2))[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.v, self.o = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor | None = None, *, causal: bool = False) -> Tensor:
        source = x if memory is None else memory
        q, k, v = self._split(self.q(x)), self._split(self.k(source)), self._split(self.v(source))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.o(y.transpose(1, 2).reshape(x.shape))

    def first_head(self, x: Tensor, memory: Tensor) -> Tensor:
        """Log attention of head 0, shape (batch, tokens, frames): what guidance looks at."""
        size = x.shape[-1] // self.heads
        q = F.linear(x, self.q.weight[:size], self.q.bias[:size])
        k = F.linear(memory, self.k.weight[:size])
        return torch.log_softmax((q @ k.transpose(1, 2)).float() * size**-0.5, -1)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, *, decoder: bool, dropout: float) -> None:
        super().__init__()
        self.decoder, self.dropout = decoder, dropout
        self.ln1, self.own = nn.LayerNorm(width), Attention(width, heads)
        if decoder:
            self.ln2, self.cross = nn.LayerNorm(width), Attention(width, heads)
        self.ln3, self.f1, self.f2 = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, memory: Tensor | None = None, *, look: bool = False) -> tuple[Tensor, Tensor | None]:
        x = x + self._drop(self.own(self.ln1(x), causal=self.decoder))
        seen = None
        if self.decoder and memory is not None:
            query = self.ln2(x)
            seen = self.cross.first_head(query, memory) if look else None
            x = x + self._drop(self.cross(query, memory))
        return x + self._drop(self.f2(F.gelu(self.f1(self.ln3(x))))), seen

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


class Network(nn.Module):
    """`classes` counts the syllables that an auxiliary head names for every frame; export leaves that head out."""

    def __init__(self, tokens: int, classes: int, first_time: int, size: Size | None = None) -> None:
        super().__init__()
        size = size or Size()
        width = size.width
        self.size = size
        self.c1 = nn.Conv1d(80, width, 3, padding=1)
        self.c2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("frame_positions", sinusoids(size.frames, width))
        self.encoder = nn.ModuleList(
            Layer(width, size.heads, decoder=False, dropout=0.0) for _ in range(size.encoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(width)
        self.embedding = nn.Embedding(tokens, width)
        self.token_positions = nn.Parameter(0.1 * sinusoids(size.positions, width))
        self.layers = nn.ModuleList(
            Layer(width, size.heads, decoder=True, dropout=0.1) for _ in range(size.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(width)
        self.syllables = nn.Linear(width, classes)
        self._start(first_time)

    def _start(self, first_time: int) -> None:
        nn.init.normal_(self.embedding.weight, std=0.02)
        with torch.no_grad():  # times that lie close together start out alike
            times = self.embedding.weight.shape[0] - first_time
            self.embedding.weight[first_time:] += 0.03 * sinusoids(times, self.size.width)
        for layer in [*self.encoder, *self.layers]:
            for name, parameter in layer.named_parameters():
                if parameter.dim() == 2:
                    last = name.endswith(("o.weight", "f2.weight"))
                    nn.init.normal_(parameter, std=0.02 / math.sqrt(8) if last else 0.02)

    def encode(self, mel: Tensor) -> Tensor:
        """(batch, 3000, 80) normalised features to (batch, 1500, width)."""
        x = F.gelu(self.c1(mel.transpose(1, 2)))
        x = F.gelu(self.c2(x)).transpose(1, 2)
        x = x + self.frame_positions.to(x.dtype)
        for layer in self.encoder:
            x, _ = layer(x)
        return self.encoder_norm(x)

    def decode(self, tokens: Tensor, memory: Tensor, *, look: bool = False) -> tuple[Tensor, list[Tensor | None]]:
        """Logits (batch, tokens, vocabulary) and, asked for, the log attention of each layer's first head."""
        x = self.embedding(tokens) + self.token_positions[: tokens.shape[1]]
        seen = []
        for layer in self.layers:
            x, attention = layer(x, memory, look=look)
            seen.append(attention)
        return F.linear(self.decoder_norm(x), self.embedding.weight), seen
