"""Entry point ``main``: everything, from a corpus folder to measured runs."""

from dataclasses import dataclass
from typing import Literal

from mlproject import tracking
from mlproject.embed import Embed, embed, embed_originals, encoder_config
from mlproject.evaluate import measurable, original_model, train_and_evaluate
from mlproject.gallery import check_gallery
from mlproject.preprocess import Preprocess, open_corpus, preprocess
from mlproject.register import Register, register
from newsimages.encoding.encoders import OpenClipEncoder

NEXT_STEPS = """
Next:
  mlflow ui     # the runs: http://127.0.0.1:5000/#/experiments?workflowType=machine_learning
  mlflow models serve -m models:/newsimages-txv@champion --env-manager uv
  mlflow run . -e evaluate -P corpus=/your/corpus --experiment-name newsimages --env-manager uv
"""


@dataclass(frozen=True, kw_only=True)
class Main(Register):
    """Preprocesses, embeds, trains, evaluates and registers: the paper's runs and their models."""

    protocol: Literal["official", "internal", "both"] = "both"
    """official: trained on 80 % of the training sets, chosen on 20 %, measured on the test sets;
    internal: both inside the 80 %, measured on the 20 %; both: one after the other."""


def run(config: Main) -> None:
    """The whole pipeline; its lines are the steps of the paper."""
    with tracking.entry_point(config, doing=str(Main.__doc__)):
        corpus = measurable(config, open_corpus(config))
        # Checked before the work that would else be lost.
        check_gallery(config.gallery, corpus, config.protocols[0])
        model, multilingual = encoder_config(config, corpus), original_model(config, corpus)
        with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
            prepared = preprocess(config, corpus)
        with tracking.step("embed", doing=str(Embed.__doc__)):
            embedded = embed(config, OpenClipEncoder(model), prepared)
        embedded = embed_originals(config, multilingual, embedded)
        trained = train_and_evaluate(config, embedded)
        parts, networks = trained[config.protocols[0]]
        if parts.training:
            register(config, embedded, parts, networks.get("title"))
        print(NEXT_STEPS)
