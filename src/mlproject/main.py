"""Entry point ``main``: everything, from a corpus folder to measured runs."""

from dataclasses import dataclass

from mlproject import tracking
from mlproject.embed import Embed, embed, encoder_config
from mlproject.evaluate import Evaluate, evaluate, only_tests
from mlproject.preprocess import Preprocess, open_corpus, preprocess
from newsimages.report import markdown

NEXT_STEPS = """
Next:
  mlflow ui                                     # look at the runs: http://127.0.0.1:5000
  mlflow run . -e evaluate -P corpus=/your/corpus --experiment-name newsimages --env-manager uv
"""


@dataclass(frozen=True, kw_only=True)
class Main(Evaluate):
    """Preprocesses, embeds and evaluates a corpus: the paper's runs, one after the other."""


def run(config: Main) -> None:
    """The whole pipeline; its lines are the steps of the paper."""
    with tracking.entry_point(config, doing=str(Main.__doc__)):
        corpus = open_corpus(config)
        only_tests(corpus)  # without a test set or model, the work below would be for nothing
        model = encoder_config(config, corpus)
        with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
            prepared = preprocess(config, corpus)
        with tracking.step("embed", doing=str(Embed.__doc__)):
            embedded = embed(config, model, prepared)
        table = evaluate(config, embedded)
        print(f"\n{markdown(table)}\n{NEXT_STEPS}")
