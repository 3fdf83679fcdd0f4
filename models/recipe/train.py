"""Trains the network for a given time. Seeded, checkpointed, resumable; on a GPU where there is one."""

from __future__ import annotations

import json
import multiprocessing as mp
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.recipe import corpus, features
from models.recipe.network import Network, Size
from models.recipe.windows import Batch, Composer, Utterances, batch

_SMOOTH = (0.05, 0.2, 0.5, 0.2, 0.05)  # a time token's neighbours, 20 ms apart, are nearly right


@dataclass(frozen=True)
class Settings:
    """How long and how hard."""

    minutes: float = 60.0
    windows: int = 64  # a step; 8 on a CPU
    rate: float = 2.5e-3  # at its highest
    warm_up: int = 100  # steps
    seed: int = 1
    composers: int = 5  # processes that draw windows
    guidance: float = 0.15  # weight of guided attention; falls to a third at the end
    auxiliary: float = 0.15  # weight of naming the syllable of each frame
    checkpoint_s: float = 60.0
    report: int = 50  # steps
    frames: int = 400 * 3600 * 100  # room in the library
    compiled: bool = False


class Trainer:
    """One training run in `out`: `checkpoint.pt`, `log.jsonl`, at the end `final.pt`."""

    def __init__(self, corpus_folder: Path, shards: Path, out: Path, settings: Settings) -> None:
        self.settings, self._shards, self._out = settings, shards, out
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(settings.seed)
        self.vocabulary = corpus.vocabulary(corpus_folder)
        self._corpus = corpus_folder
        classes = len((corpus_folder / "syllables.txt").read_text("utf-8").split()) + 1
        self.network = Network(len(self.vocabulary), classes, self.vocabulary.first_time, Size()).to(self.device)
        self._random = torch.Generator(self.device).manual_seed(settings.seed)
        self._optimisers = self._make_optimisers()
        self._library = torch.zeros((settings.frames, 80), dtype=torch.uint8, device=self.device)
        self._labels = torch.zeros(settings.frames, dtype=torch.int16, device=self.device)
        self._loaded: list[tuple[str, int]] = []  # shard and its first frame
        self._filled = 0
        # bf16 is a gain only where there are units for it; without them it is thirty times slower than float32
        self._half = self.device.type == "cuda" or "amx_bf16" in _cpu_flags()
        self.step = 0
        self.spent = 0.0  # seconds of earlier runs
        # the encoder has one shape and most of the work; the decoder's lengths differ from step to step
        self._encode = torch.compile(self.network.encode) if settings.compiled else self.network.encode
        out.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        """Trains until the time is used up."""
        self._resume()
        while not self._load_new():
            time.sleep(1)
        queue, stop, processes = self._start_composers()
        begin, saved, looked = time.time(), time.time(), time.time()
        sums: list[list[float]] = []
        try:
            while (progress := (self.spent + time.time() - begin) / (self.settings.minutes * 60)) < 1:
                sums.append(self._advance(_next(queue), progress))
                if self.step % self.settings.report == 0:
                    self._report(sums, self.spent + time.time() - begin, queue)
                    sums = []
                if time.time() - looked > 3:
                    looked = time.time()
                    if self._load_new():
                        self._announce()
                if time.time() - saved > self.settings.checkpoint_s:
                    self.save("checkpoint.pt", self.spent + time.time() - begin)
                    saved = time.time()
        finally:
            stop.set()
            for process in processes:
                process.kill()
        self.save("final.pt", self.spent + time.time() - begin, whole=False)

    def save(self, name: str, spent: float, *, whole: bool = True) -> None:
        """Weights, and for resuming the optimisers too."""
        state: dict[str, Any] = {"network": self.network.state_dict(), "step": self.step, "spent": spent}
        if whole:
            state["optimisers"] = [o.state_dict() for o in self._optimisers]
            state["random"] = self._random.get_state()
        part = self._out / f".{name}"
        torch.save(state, part)
        part.replace(self._out / name)

    def _resume(self) -> None:
        file = self._out / "checkpoint.pt"
        if not file.exists():
            return
        state = torch.load(file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        for optimiser, saved in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self._random.set_state(state["random"].cpu())
        self.step, self.spent = state["step"], state["spent"]
        print(f"continues at step {self.step}, {self.spent:.0f} s", flush=True)

    def _make_optimisers(self) -> list[torch.optim.Optimizer]:
        """Muon for the layers' matrices, AdamW for embeddings, convolutions, norms and biases."""
        matrices, rest = [], []
        for name, parameter in self.network.named_parameters():
            inner = parameter.dim() == 2 and name.startswith(("encoder.", "layers."))
            (matrices if inner else rest).append(parameter)
        rate = self.settings.rate
        fused = self.device.type == "cuda"
        return [
            torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=rate, weight_decay=0.0, betas=(0.9, 0.98), fused=fused),
        ]

    def _load_new(self) -> bool:
        """Copies shards that have appeared into the library; whether there were any."""
        known = {name for name, _ in self._loaded}
        new = [p for p in sorted(self._shards.glob("shard*.npz")) if p.name not in known and ".part" not in p.name]
        for path in new:
            mel = np.load(str(path)[:-4] + ".mel.npy", mmap_mode="r")
            if self._filled + len(mel) > len(self._library):
                break
            to = slice(self._filled, self._filled + len(mel))
            self._library[to] = torch.from_numpy(np.array(mel)).to(self.device)
            self._labels[to] = torch.from_numpy(np.load(path)["labels"].astype(np.int16)).to(self.device)
            self._loaded.append((path.name, self._filled))
            self._filled += len(mel)
        return bool(new)

    def _start_composers(self) -> tuple[Any, Any, list[Any]]:
        context = mp.get_context("spawn")
        queue, stop = context.Queue(maxsize=24), context.Event()
        self._announce()
        processes = [
            context.Process(
                target=compose,
                args=(self._shards, self._corpus, self._out / "shards.json", queue, stop, self.settings, i),
                daemon=True,
            )
            for i in range(self.settings.composers)
        ]
        for process in processes:
            process.start()
        return queue, stop, processes

    def _announce(self) -> None:
        part = self._out / ".shards.json"
        part.write_text(json.dumps(self._loaded))
        part.replace(self._out / "shards.json")

    def _advance(self, drawn: Batch, progress: float) -> list[float]:
        rate = self.settings.rate * min(1.0, (self.step + 1) / self.settings.warm_up) * max(0.01, 1 - progress)
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
        self.network.train()
        mel, labels, inputs, targets, spans = self._prepare(drawn)
        guidance = self.settings.guidance * (1 - 0.67 * progress)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            loss, parts = self._losses(mel, labels, inputs, targets, spans, guidance)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        return parts if self.step % 10 == 0 else []  # reading them waits for the device

    def _prepare(self, drawn: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        def on(array: Any) -> Tensor:
            return torch.from_numpy(array).to(self.device, non_blocking=True)

        frames = on(drawn.frames)
        mel = features.gather(self._library, frames, on(drawn.gain))
        mel = features.augment(mel, self._random)
        mel = features.normalise(mel, on(drawn.padded_from), self._random)
        every = frames[:, ::2]
        labels = torch.where(every < 0, 0, self._labels[every.clamp(min=0)].long())
        return mel, labels, on(drawn.inputs), on(drawn.targets), on(drawn.spans)

    def _losses(
        self, mel: Tensor, labels: Tensor, inputs: Tensor, targets: Tensor, spans: Tensor, guidance: float
    ) -> tuple[Tensor, Any]:
        memory = self._encode(mel)
        logits, seen = self.network.decode(inputs, memory, look=True)
        words, accuracy = self._token_loss(logits, targets)
        named = self.network.syllables(memory[:, ::2]).float().flatten(0, 1)
        naming = F.cross_entropy(named, labels[:, ::2].flatten())
        guided = _guided(seen, spans)
        loss = words + self.settings.auxiliary * naming + guidance * guided
        return loss, torch.stack([words.detach(), accuracy, naming.detach(), guided.detach()])

    def _token_loss(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy per token, times smoothed over their neighbours; and how many words come out right."""
        valid = targets >= 0
        goal = targets.clamp(min=0)
        logs = torch.log_softmax(logits.float(), -1)
        plain = logs.gather(-1, goal[..., None])[..., 0]
        first = self.vocabulary.first_time
        shifts = torch.arange(-2, 3, device=goal.device)
        near = (goal[..., None] + shifts).clamp(first, len(self.vocabulary) - 1)
        smooth = (logs.gather(-1, near) * torch.tensor(_SMOOTH, device=goal.device)).sum(-1)
        timed = goal >= first
        loss = -(torch.where(timed, smooth, plain) * valid).sum() / valid.sum()
        words = valid & ~timed
        right = ((logits.argmax(-1) == goal) & words).sum() / words.sum()
        return loss, right.detach()

    def _report(self, sums: list[Any], spent: float, queue: Any) -> None:
        means = torch.stack([s for s in sums if len(s)]).mean(0).tolist()
        names = ("words", "accuracy", "naming", "guided")
        row = {"step": self.step, "seconds": round(spent, 1), "hours": round(self._filled / 360_000, 1)}
        row |= {n: round(v, 4) for n, v in zip(names, means, strict=True)} | {"waiting": queue.qsize()}
        print(json.dumps(row), flush=True)
        with (self._out / "log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")


def _guided(seen: list[Tensor | None], spans: Tensor) -> Tensor:
    """Minus log of the attention's mass on the right frames: layer 0 looks at the token just written, the others at
    the next one. Without it the decoder needs hours to learn where to look."""
    frames = torch.arange(1500, device=spans.device)
    known = spans[..., 1] >= 0
    inside = (frames >= spans[..., :1] - 3) & (frames <= spans[..., 1:] + 3)
    total = spans.new_zeros(())
    for i, attention in enumerate(seen):
        if attention is None:
            continue
        shift = 1 if i == 0 else 0  # position t predicts target t: layer 0 at t + 1 has just been given it
        logs = attention[:, shift:]
        mask = inside[:, : inside.shape[1] - shift]
        keep = known[:, : known.shape[1] - shift]
        mass = torch.logsumexp(logs.masked_fill(~mask, -30.0), -1).clamp(min=-9)
        total = total - (0.7 if i == 0 else 0.5) * (mass * keep).sum() / keep.sum().clamp(min=1)
    return total


def compose(
    shards: Path, corpus_folder: Path, listing: Path, queue: Any, stop: Any, settings: Settings, number: int
) -> None:
    """Process that fills `queue` with batches; takes in shards as they are announced in `listing`."""
    torch.set_num_threads(1)
    vocabulary = corpus.vocabulary(corpus_folder)
    spoken = Utterances.empty()
    composer = Composer(spoken, vocabulary, settings.seed * 1000 + number)
    known = 0
    while not stop.is_set():
        listed = json.loads(listing.read_text())
        for name, first in listed[known:]:
            spoken.add(shards / name, first)
        known = len(listed)
        for _ in range(20):
            windows = [composer.window() for _ in range(settings.windows)]
            queue.put(batch(windows, vocabulary.special("endoftext")))


def _cpu_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return ""


def _next(queue: Any) -> Batch:
    while True:
        try:
            return queue.get(timeout=60)
        except Empty:
            raise RuntimeError("the processes that draw windows have stopped") from None


def describe(settings: Settings) -> dict[str, Any]:
    """For the record beside the model."""
    return asdict(settings) | {"torch": torch.__version__}
