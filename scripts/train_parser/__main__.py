"""Train the English model that Studio ships, from the treebank to the finished folder.

    OMP_NUM_THREADS=1 .venv/bin/python -m scripts.train_parser [--treebank FOLDER]

Needs the package in requirements.txt here (CONTRIBUTING.md, "Training the English model"). Takes
about 20 minutes of one processor. The same versions of the packages, seeds and steps give the same
training texts; the weights may differ in their last digits between processors.
"""

import argparse
import tempfile
from pathlib import Path

from spacy.cli.train import train

from scripts.train_parser import assemble, corpus, treebank

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "selfinstruct_core" / "analysis" / "english_model"
STEPS = 7500
EVALUATIONS = 10


def main() -> None:
    """Run all steps."""
    options = _options()
    work = options.work or Path(tempfile.mkdtemp(prefix="train-parser-"))
    work.mkdir(parents=True, exist_ok=True)
    assemble.lemma_tables()  # first of all: without them the training would be in vain
    data = options.treebank or treebank.fetch(work / "treebank")
    treebank.check(data)
    if not options.trained:
        print("Texts:", corpus.write_corpora(data, work, options.texts), flush=True)
        _train(work, options.steps)
    trained = options.trained or work / "model-best"
    assemble.assemble(trained, data, options.output, gold=options.gold, limit=options.texts)
    print(f"{options.output}: {assemble.megabytes(options.output):.1f} MB", flush=True)


def _train(work: Path, steps: int) -> None:
    changes: dict[str, str | int] = {
        "paths.train": str(work / "train.spacy"),
        "paths.dev": str(work / "dev.spacy"),
        "training.max_steps": steps,
        "training.eval_frequency": max(1, steps // EVALUATIONS),
    }
    train(HERE / "train.cfg", work, overrides=changes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.train_parser", description="Train the English model."
    )
    parser.add_argument(
        "--treebank", type=Path, help="folder of UD English EWT (default: it is downloaded)"
    )
    parser.add_argument("--output", type=Path, default=MODEL, help="where the model goes")
    parser.add_argument("--work", type=Path, help="folder for what is made on the way")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--texts", type=int, help="so many of each kind only, for a trial")
    parser.add_argument("--gold", type=Path, help="JSONL of labelled instructions, to measure on")
    parser.add_argument("--trained", type=Path, help="take this pipeline, do not train")
    return parser.parse_args()


if __name__ == "__main__":
    main()
