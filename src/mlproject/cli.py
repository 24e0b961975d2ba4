"""The command line: a sub-command per entry point, its options from the entry point's dataclass."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import tyro

from mlproject import (
    desk,
    embed,
    evaluate,
    growing,
    main,
    preprocess,
    pretrain,
    rate,
    register,
    score,
    train,
    validate,
)
from mlproject.failures import sentence_of
from mlproject.parsing import PARSING
from mlproject.stopping import is_stopped, said_goodbye

PROG = "python src/mlproject"
DESCRIPTION = "Finds the right picture for news articles, tracked in MLflow."
ENTRY_POINTS: dict[str, tuple[type[Any], Callable[[Any], None]]] = {
    "main": (main.Main, main.run),
    "preprocess": (preprocess.Preprocess, preprocess.run),
    "embed": (embed.Embed, embed.run),
    "pretrain": (pretrain.Pretrain, pretrain.run),
    "train": (train.Train, train.run),
    "evaluate": (evaluate.Evaluate, evaluate.run),
    "gallery": (growing.Gallery, growing.run),
    "register": (register.Register, register.run),
    "score": (score.Score, score.run),
    "desk": (desk.Desk, desk.run),
    "rate": (rate.Rate, rate.run),
    "validate": (validate.Validate, validate.run),
}


def run(arguments: Sequence[str]) -> int:
    """Parses the command line and runs one entry point.

    Returns:
        The exit status: 1 after bad input, or what the system refuses, which is explained on
        stderr in a sentence; 128 and the signal's number where one has stopped it.

    Raises:
        SystemExit: With status 2 after parameters that the entry point does not have, or that
            cannot be; tyro names them on stderr.
    """
    hook = sys.unraisablehook
    try:
        name, config = parsed(arguments)
        _, entry_point = ENTRY_POINTS[name]
        entry_point(config)
    except KeyboardInterrupt:
        sys.unraisablehook = _say_nothing
        return said_goodbye()
    except Exception as error:
        if is_stopped():  # what it has met with on its way out
            return said_goodbye()
        sentence = sentence_of(error)
        if sentence is None:
            raise
        sys.unraisablehook = _say_nothing
        print(f"Error: {sentence}", file=sys.stderr)
        return 1
    finally:
        sys.unraisablehook = hook
    return 0


def _say_nothing(_: object) -> None:
    """What was half built when an error came, and falls apart, adds nothing to its sentence."""


def parsed(arguments: Sequence[str]) -> tuple[str, Any]:
    """The entry point's name and its settings."""
    name, *settings = arguments or [""]
    if name not in ENTRY_POINTS:
        tyro.extras.subcommand_cli_from_dict(
            {known: config for known, (config, _) in ENTRY_POINTS.items()},
            args=list(arguments),
            prog=PROG,
            description=DESCRIPTION,
        )
    # A parser of its own, so that near names are those of this entry point alone.
    config, _ = ENTRY_POINTS[name]
    return name, tyro.cli(
        config,
        args=settings,
        prog=f"{PROG} {name}",
        config=(tyro.conf.OmitArgPrefixes,),
        registry=PARSING,
    )
