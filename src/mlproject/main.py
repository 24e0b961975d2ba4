"""Entry point ``main``: everything, from a corpus folder to measured runs."""

from dataclasses import dataclass, field

from mlproject import tracking
from mlproject.embed import Encoders, load_encoders, prepare_and_embed
from mlproject.evaluate import (
    Evaluate,
    Plan,
    check_made,
    original_model,
    plan_of,
    train_and_evaluate,
    wants_captions,
)
from mlproject.gallery import check_gallery
from mlproject.opening import how_to_look
from mlproject.options import ServingOptions
from mlproject.pointing import check_models
from mlproject.preprocess import open_corpus
from mlproject.register import Register, check_registry, register, why_unservable
from mlproject.train import add_choices, check_start
from mlproject.training_options import ScopeOptions

NEXT_STEPS = """
Next:
  {look}{serve}
  mlflow run . -e evaluate -P corpus=/your/corpus --experiment-name newsimages --env-manager uv
"""
SERVE = "\n  mlflow models serve -m models:/{name} --env-manager uv"


@dataclass(frozen=True, kw_only=True)
class Main(Evaluate, Register):
    """Preprocesses, embeds, trains, evaluates and registers: the paper's runs and their models."""

    serving: ServingOptions = field(default_factory=ServingOptions)
    scope: ScopeOptions = field(default_factory=lambda: ScopeOptions(protocol="both"))


def run(config: Main) -> None:
    """The whole pipeline; its lines are the steps of the paper."""
    with tracking.entry_point(config):
        corpus = open_corpus(config.articles.source, captions=wants_captions(config))
        corpus = add_choices(config.learning, corpus)
        plan = plan_of(config, corpus)
        check_gallery(config.serving.gallery, plan.corpus, config.scope.protocols[0])
        encoders = load_encoders(config.articles, plan.corpus, original_model(config, plan))
        check_start(config.learning, encoders.clip)
        check_models(config.serving.gallery, encoders)
        unserved = why_unserved(config, plan, encoders)
        embedded = prepare_and_embed(config.articles, plan.corpus, encoders)
        experiment, unmade = train_and_evaluate(config, embedded, plan.pairs)
        unserved = unserved or experiment.parts.why_untrained
        registered = [] if unserved else register(config, experiment)
        if unserved:
            tracking.not_made("register", unserved)
        check_made(config, unmade)
        serve = SERVE.format(name=registered[-1]) if registered else ""
        print(NEXT_STEPS.format(look=how_to_look(), serve=serve))


def why_unserved(config: Main, plan: Plan, encoders: Encoders) -> str:
    """Why no model can be registered, with a word on it now; "" where one can, as far as it seems.

    Raises:
        NewsImagesError: There is no registry.
    """
    first = config.scope.protocols[0]
    why = plan.parts[first].why_untrained
    if not any(each.needs_training for each in config.measuring.runs):
        why = f"variants={config.measuring.variants} uses no training articles"
    if not why:
        check_registry()
        why = why_unservable(encoders)
    if why:
        print(f"  no model will be registered, as {why}")
    return why
