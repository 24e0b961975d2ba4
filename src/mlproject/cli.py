"""The command line: a sub-command per entry point, its options from the entry point's dataclass."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import mlflow
import tyro
from mlflow.exceptions import MlflowException

from mlproject import embed, evaluate, main, preprocess, pretrain, register, train
from newsimages.errors import NewsImagesError

ENTRY_POINTS: dict[str, tuple[type[Any], Callable[[Any], None]]] = {
    "main": (main.Main, main.run),
    "preprocess": (preprocess.Preprocess, preprocess.run),
    "embed": (embed.Embed, embed.run),
    "pretrain": (pretrain.Pretrain, pretrain.run),
    "train": (train.Train, train.run),
    "evaluate": (evaluate.Evaluate, evaluate.run),
    "register": (register.Register, register.run),
}


def run(arguments: Sequence[str]) -> int:
    """Parses the command line and runs one entry point.

    Returns:
        The exit status: 1 after bad input, which is explained on stderr in a sentence.
    """
    try:
        config = tyro.extras.subcommand_cli_from_dict(
            {name: config for name, (config, _) in ENTRY_POINTS.items()},
            args=list(arguments),
            prog="python src/mlproject",
            description="Finds the right picture for news articles, tracked in MLflow.",
        )
        _, entry_point = next(item for item in ENTRY_POINTS.values() if item[0] is type(config))
        entry_point(config)
    except NewsImagesError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except MlflowException as error:
        where = mlflow.get_tracking_uri()
        print(f"Error: MLflow cannot track this run at {where}: {error}", file=sys.stderr)
        return 1
    return 0
