"""Entry point ``main``: everything, from a corpus folder to measured runs."""

from dataclasses import dataclass, field
from functools import partial

from mlproject import tracking
from mlproject.embed import prologue
from mlproject.evaluate import Evaluate, measurable, original_model, train_and_evaluate
from mlproject.gallery import check_gallery
from mlproject.register import Register, register
from mlproject.training_options import ScopeOptions
from newsimages.corpora import Corpus

NEXT_STEPS = """
Next:
  mlflow ui     # the runs: http://127.0.0.1:5000/#/experiments?workflowType=machine_learning
  mlflow models serve -m models:/newsimages-txv@champion --env-manager uv
  mlflow run . -e evaluate -P corpus=/your/corpus --experiment-name newsimages --env-manager uv
"""


@dataclass(frozen=True, kw_only=True)
class Main(Evaluate, Register):
    """Preprocesses, embeds, trains, evaluates and registers: the paper's runs and their models."""

    scope: ScopeOptions = field(default_factory=lambda: ScopeOptions(protocol="both"))


def run(config: Main) -> None:
    """The whole pipeline; its lines are the steps of the paper."""
    with tracking.entry_point(config, doing=str(Main.__doc__)):
        check, originals = partial(_checked, config), partial(original_model, config)
        embedded = prologue(config.articles, check=check, originals=originals)
        evaluated = train_and_evaluate(config, embedded)[config.scope.protocols[0]]
        if evaluated.parts.training:
            register(config, evaluated)
        print(NEXT_STEPS)


def _checked(config: Main, corpus: Corpus) -> Corpus:
    """The part of the corpus that is worked on.

    Raises:
        NewsImagesError: As `measurable`; or the gallery is not to be had.
    """
    corpus = measurable(config, corpus)
    check_gallery(config.serving.gallery, corpus, config.scope.protocols[0])
    return corpus
