"""Entry point ``main``: everything, from a corpus folder to measured runs."""

from dataclasses import dataclass, field

from mlproject import tracking
from mlproject.embed import prepare_and_embed
from mlproject.evaluate import Evaluate, measurable, original_model, train_and_evaluate
from mlproject.gallery import check_gallery
from mlproject.preprocess import open_corpus
from mlproject.register import Register, register
from mlproject.training_options import ScopeOptions

NEXT_STEPS = """
Next:
  mlflow ui     # the runs: http://127.0.0.1:5000/#/experiments?workflowType=machine_learning
  mlflow models serve -m models:/newsimages-fused@champion --env-manager uv
  mlflow run . -e evaluate -P corpus=/your/corpus --experiment-name newsimages --env-manager uv
"""


@dataclass(frozen=True, kw_only=True)
class Main(Evaluate, Register):
    """Preprocesses, embeds, trains, evaluates and registers: the paper's runs and their models."""

    scope: ScopeOptions = field(default_factory=lambda: ScopeOptions(protocol="both"))


def run(config: Main) -> None:
    """The whole pipeline; its lines are the steps of the paper."""
    with tracking.entry_point(config):
        corpus = measurable(config, open_corpus(config.articles.source))
        check_gallery(config.serving.gallery, corpus, config.scope.protocols[0])
        embedded = prepare_and_embed(config.articles, corpus, original_model(config, corpus))
        experiment = train_and_evaluate(config, embedded)
        if experiment.parts.training:
            register(config, experiment)
        print(NEXT_STEPS)
