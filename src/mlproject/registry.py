"""Versions in the MLflow model registry: how a retriever is logged, described and promoted."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array
from mlflow.utils.git_utils import get_git_commit

from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.long_text import LongText
from newsimages.errors import NewsImagesError
from newsimages.retriever.folder import load_retriever, save_retriever
from newsimages.retriever.retriever import Provenance, Retriever
from newsimages.runs.table import TOWERS, choose_runs

ROOT = Path(__file__).resolve().parents[2]
CHAMPION, CHALLENGER = "champion", "challenger"
ARTIFACT = "retriever"
_MRR, _PART = "validation_mrr", "validation_part"


@dataclass(frozen=True, kw_only=True)
class Validation:
    """How good a version is on the validation part, one article at a time."""

    mrr: float
    part: str
    """A fingerprint of the validation articles."""
    again: Callable[[Retriever], float | None]
    """The MRR of another retriever on them; None where it cannot be measured on their vectors."""


def digest(text: str) -> str:
    """A short fingerprint."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def log_version(
    name: str,
    retriever: Retriever,
    encoder: OpenClipEncoder,
    *,
    folder: Path,
    sample: list[str],
    long_text: LongText,
    validation: Validation,
) -> ModelVersion:
    """Logs a retriever as a model of the active run, registers it and sets its alias.

    It becomes champion if its validation MRR is not below the present champion's on the same
    articles, else challenger.

    Raises:
        NewsImagesError: As `newsimages.retriever.folder.save_retriever`.
    """
    if retriever.provenance is None:
        raise NewsImagesError("A retriever without provenance cannot be registered: give it one.")
    about = retriever.provenance
    save_retriever(folder, retriever, encoder, sample=sample, long_text=long_text)
    example = pd.DataFrame({"title": sample[:2]})
    info = mlflow.pyfunc.log_model(
        name=name,
        python_model=str(ROOT / "registry" / "retriever.py"),
        artifacts={ARTIFACT: str(folder)},
        code_paths=[str(ROOT / "src" / "newsimages")],
        pip_requirements=str(ROOT / "registry" / "requirements.txt"),
        signature=signature(retriever),
        input_example=example,
        registered_model_name=name,
    )
    client = mlflow.MlflowClient()
    version = client.get_model_version(name, str(info.registered_model_version))
    for key, value in _tags(about, validation).items():
        client.set_model_version_tag(name, version.version, key, value)
    client.update_model_version(name, version.version, _card(name, retriever, about, validation))
    alias, reason = _alias(client, name, validation)
    client.set_registered_model_alias(name, alias, version.version)
    mlflow.log_metric(_MRR, validation.mrr)
    print(f"  {name} version {version.version}: {alias}, as {reason}")
    return version


def signature(retriever: Retriever) -> ModelSignature:
    """What a request and an answer hold."""
    strings, numbers = Array(DataType.string), Array(DataType.double)
    return ModelSignature(
        inputs=Schema(
            [
                ColSpec("string", "title"),
                ColSpec("string", "text", required=False),
                ColSpec("string", "article_id", required=False),
            ]
        ),
        outputs=Schema(
            [
                ColSpec("string", "article_id"),
                ColSpec(strings, "image_ids"),
                ColSpec(numbers, "scores"),
                ColSpec(numbers, "similarities"),
            ]
        ),
        params=ParamSchema(
            [
                ParamSpec("top_k", "long", 100),
                ParamSpec("revision", "string", retriever.revisions[0].name),
                ParamSpec("against", "string", "bank"),
            ]
        ),
    )


def _alias(client: mlflow.MlflowClient, name: str, validation: Validation) -> tuple[str, str]:
    """The alias that a new version gets, and why."""
    try:
        champion = client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return CHAMPION, "there was none"
    before = _champion_mrr(champion, validation)
    if before is None:
        return CHALLENGER, (
            f"the champion (version {champion.version}) cannot be measured on this validation "
            "part: another backbone, or its files are gone"
        )
    is_below = f"{validation.mrr:.6f}" < f"{before:.6f}"  # as the tags have it
    return (CHALLENGER if is_below else CHAMPION), (
        f"its validation MRR of {validation.mrr:.5f} is {'' if is_below else 'not '}below the "
        f"champion's {before:.5f} (version {champion.version})"
    )


def _champion_mrr(champion: ModelVersion, validation: Validation) -> float | None:
    """Its tag where the validation part is the same, else it is measured anew."""
    if champion.tags.get(_PART) == validation.part and _MRR in champion.tags:
        return float(champion.tags[_MRR])
    try:
        uri = f"models:/{champion.name}/{champion.version}"
        folder = Path(mlflow.artifacts.download_artifacts(uri))
        return validation.again(load_retriever(folder / "artifacts" / ARTIFACT))
    except (MlflowException, NewsImagesError, OSError):
        return None


def _tags(about: Provenance, validation: Validation) -> dict[str, str]:
    run = mlflow.active_run()
    return {
        "git_commit": get_git_commit(__file__) or "unknown",
        "corpus": about.corpus,
        "variant": about.variant,
        "backbone": f"{about.backbone} {about.pretrained}",
        "gallery": f"{about.gallery} ({about.gallery_size} images)",
        _MRR: f"{validation.mrr:.6f}",
        _PART: validation.part,
        "run_id": run.info.run_id if run else "",
    }


def _card(name: str, retriever: Retriever, about: Provenance, validation: Validation) -> str:
    """The model card, in Markdown."""
    [run] = choose_runs(about.variant)
    first = retriever.revisions[0]
    settings = ", ".join(f"{key} {value:g}" for key, value in first.settings.items())
    others = ", ".join(each.name for each in retriever.revisions[1:])
    views = ", ".join(
        f"{TOWERS[view.tower]} on {view.text_field}s {weight:.3f}"
        for view, weight in retriever.weights.items()
    )
    return f"""# {name}

Ranks the images of its gallery for a news article as run {run.number}, `{run.variant}`, does: \
{run.words}.

- **Corpus**: {about.corpus}
- **Backbone**: {about.backbone}, {about.pretrained}, in {about.precision}; text tower only
- **Views and weights**: {views}
- **Gallery**: {about.gallery_size} images ({about.gallery})
- **Revision**: {first.name}{f" ({settings})" if settings else ""} against a bank of \
{about.bank_size} training articles{f"; on request also {others}" if others else ""}
- **Validation**: MRR {validation.mrr:.5f} on {about.validation_articles} articles, one at a time

**Limits**: headlines in English (translate others first); no image outside the gallery; chosen on \
a validation part of the same corpus, never on its test articles. A request names its text
`title`; `top_k`, `revision` and `against` (`bank` or `batch`) are its parameters.
"""
