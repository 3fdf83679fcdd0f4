"""Writes a CTranslate2 Whisper folder that faster-whisper loads by path."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models

from models.recipe import corpus
from models.recipe.network import Attention, Network, Size
from models.recipe.symbols import LANGUAGES, SPECIAL, TIMES, Vocabulary


def export(checkpoint: Path, corpus_folder: Path, out: Path, *, quantisation: str = "int8_float16") -> None:
    """`out` is replaced. int8 matrices; what stays unquantised (positions, convolutions, norms) as float16."""
    vocabulary = corpus.vocabulary(corpus_folder)
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["network"]
    state = {name: value.float() for name, value in state.items()}
    network = Network(len(vocabulary), len(state["syllables.bias"]), vocabulary.first_time, Size())
    network.load_state_dict(state)
    spec = _spec(network.eval(), vocabulary)
    spec.validate()
    spec.optimize(quantization=quantisation)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    spec.save(str(out))
    _tokenizer(vocabulary).save(str(out / "tokenizer.json"))


def _spec(network: Network, vocabulary: Vocabulary) -> Any:
    size = network.size
    spec = whisper_spec.WhisperSpec(size.encoder_layers, size.heads, size.decoder_layers, size.heads)
    encoder, decoder = spec.encoder, spec.decoder
    for target, layer in ((encoder.conv1, network.c1), (encoder.conv2, network.c2)):
        target.weight, target.bias = _array(layer.weight), _array(layer.bias)
    encoder.position_encodings.encodings = _array(network.frame_positions)
    _norm(encoder.layer_norm, network.encoder_norm)
    for target, layer in zip(encoder.layer, network.encoder, strict=True):
        _layer(target, layer)
    decoder.embeddings.weight = _array(network.embedding.weight)
    decoder.projection.weight = _array(network.embedding.weight)
    bias = np.zeros(len(vocabulary), np.float32)
    bias[vocabulary.never_written()] = -30
    decoder.projection.bias = bias
    decoder.position_encodings.encodings = _array(network.token_positions)
    _norm(decoder.layer_norm, network.decoder_norm)
    for target, layer in zip(decoder.layer, network.layers, strict=True):
        _layer(target, layer)
        _attention(target.attention, layer.cross, own=False)
        _norm(target.attention.layer_norm, layer.ln2)
    _configure(spec, vocabulary)
    return spec


def _configure(spec: Any, vocabulary: Vocabulary) -> None:
    spec.register_vocabulary(list(vocabulary.tokens))
    quiet = ("startoftranscript", "en", "yue", "translate", "transcribe", "startoflm", "startofprev", "nospeech")
    spec.config.suppress_ids = [0, *(vocabulary.special(name) for name in quiet)]
    spec.config.suppress_ids_begin = [vocabulary.ids[" "]]
    spec.config.lang_ids = [vocabulary.ids[language] for language in LANGUAGES]
    spec.config.alignment_heads = [[1, 0], [2, 0]]  # those that guided attention taught to look at the next token


def _layer(target: Any, layer: Any) -> None:
    _attention(target.self_attention, layer.own, own=True)
    _norm(target.self_attention.layer_norm, layer.ln1)
    _linear(target.ffn.linear_0, layer.f1)
    _linear(target.ffn.linear_1, layer.f2)
    _norm(target.ffn.layer_norm, layer.ln3)


def _attention(target: Any, attention: Attention, *, own: bool) -> None:
    parts = [common_spec.LinearSpec() for _ in range(3)]
    for part, layer in zip(parts, (attention.q, attention.k, attention.v), strict=True):
        _linear(part, layer)
    if own:
        utils.fuse_linear(target.linear[0], parts)
    else:
        utils.fuse_linear(target.linear[0], parts[:1])
        utils.fuse_linear(target.linear[1], parts[1:])
    _linear(target.linear[-1], attention.o)


def _linear(target: Any, layer: Any) -> None:
    target.weight = _array(layer.weight)
    if layer.bias is not None:
        target.bias = _array(layer.bias)


def _norm(target: Any, layer: Any) -> None:
    target.gamma, target.beta = _array(layer.weight), _array(layer.bias)


def _array(tensor: torch.Tensor) -> Any:
    return tensor.detach().float().numpy()


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    tokenizer = Tokenizer(
        models.BPE(vocab={t: i for i, t in enumerate(vocabulary.text)}, merges=[], unk_token="<unk>", fuse_unk=False)
    )
    tokenizer.decoder = decoders.Fuse()  # else a space would stand between characters
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in TIMES])
    wrong = [t for t, i in vocabulary.ids.items() if tokenizer.token_to_id(t) != i]
    if wrong:
        raise ValueError(f"the tokenizer numbers {wrong[:5]} otherwise")
    return tokenizer


def record(out: Path, facts: dict[str, Any]) -> None:
    """`training.json`: how this folder came about."""
    (out / "training.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
