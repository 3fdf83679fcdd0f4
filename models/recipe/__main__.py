"""`python -m models.recipe STEP`: text, speech, training and export of the demonstration model."""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.recipe", description=__doc__)
    parser.add_argument("step", choices=("corpus", "speech", "train", "export", "evaluate", "mentions"))
    parser.add_argument("--work", type=Path, default=Path("var/demo-model"), help="folder for everything in between")
    parser.add_argument("--general", type=Path, help="corpus: libpinyin's interpolation2.text, for common word pairs")
    parser.add_argument("--shards", type=int, default=120, help="speech: half hours to synthesise")
    parser.add_argument("--workers", type=int, default=2, help="speech: processes; training: those that draw windows")
    parser.add_argument("--espeak", default="libespeak-ng.so.1", help="speech: espeak-ng's library")
    parser.add_argument("--data", help="speech: folder that holds espeak-ng-data")
    parser.add_argument("--minutes", type=float, default=180.0, help="train: in all, earlier runs counted in")
    parser.add_argument("--windows", type=int, default=8, help="train: 30-second windows a step; 64 on a GPU")
    parser.add_argument("--hours", type=int, default=100, help="train: room for so much speech in memory")
    parser.add_argument("--rate", type=float, default=2.5e-3, help="train: highest learning rate")
    parser.add_argument("--compiled", action="store_true", help="train: torch.compile")
    parser.add_argument("--out", type=Path, default=Path("models/demo"), help="export: model folder, replaced")
    parser.add_argument("--calls", type=Path, help="evaluate, mentions: labelled calls to speak (JSONL)")
    _run(parser.parse_args())


def _run(asked: argparse.Namespace) -> None:
    made = asked.work / "corpus"
    match asked.step:
        case "corpus":
            from models.recipe import corpus

            corpus.build(made, general=asked.general)
            corpus.write_tables(made)
        case "speech":
            from models.recipe.synthesise import Plan, run

            plan = Plan(made, asked.work / "shards", asked.espeak, asked.data)
            run(plan, shards=asked.shards, workers=asked.workers)
        case "train":
            from models.recipe.train import Settings, Trainer

            settings = Settings(
                minutes=asked.minutes, windows=asked.windows, rate=asked.rate, composers=asked.workers,
                frames=asked.hours * 360_000, compiled=asked.compiled,
            )  # fmt: skip
            Trainer(made, asked.work / "shards", asked.work / "run", settings).run()
        case "export":
            from models.recipe.export import export

            export(asked.work / "run" / "final.pt", made, asked.out)
        case "evaluate":
            from models.recipe.evaluate import evaluate
            from models.recipe.spoken_calls import speak_calls

            spoken = asked.work / "spoken" / asked.calls.stem
            print(evaluate(asked.out, spoken, speak_calls(asked.calls, spoken)))
        case "mentions":
            from models.recipe.mentions import survival
            from models.recipe.spoken_calls import speak_calls

            spoken = asked.work / "spoken" / asked.calls.stem
            for found in survival(asked.out, spoken, speak_calls(asked.calls, spoken)):
                print(f"{found} {found.share:.3f}")


if __name__ == "__main__":
    main()
