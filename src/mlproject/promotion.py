"""Which version of a registered model is its champion, and the tags by which they are compared."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.git_utils import get_git_commit

from newsimages.errors import NewsImagesError
from newsimages.protocols.parts import Parts
from newsimages.retriever.folder import load_retriever
from newsimages.retriever.retriever import Provenance
from newsimages.runs.choice import Chooser

CHAMPION, CHALLENGER = "champion", "challenger"
ARTIFACT = "retriever"
"""The artifact of a version that is its retriever's folder."""
MRR = "validation_mrr"
_PART, _GALLERY = "validation_part", "gallery_digest"


def tags_of(about: Provenance, mrr: float, parts: Parts) -> dict[str, str]:
    """What a version is told apart by."""
    run = mlflow.active_run()
    return {
        "git_commit": get_git_commit(__file__) or "unknown",
        "corpus": about.corpus,
        "variant": about.variant,
        "backbone": f"{about.backbone} {about.pretrained}",
        "gallery": f"{about.gallery} ({about.gallery_size} images)",
        _GALLERY: about.gallery_sha256[:16],
        "bank_digest": about.bank_sha256[:16],
        MRR: f"{mrr:.6f}",
        _PART: _fingerprint(parts),
        "run_id": run.info.run_id if run else "",
    }


def alias_of(name: str, tags: Mapping[str, str], chooser: Chooser) -> tuple[str, str]:
    """The alias that a new version gets by its tags, and why.

    It becomes champion if its validation MRR is not below the present champion's on the same
    articles, else challenger. Their galleries may differ, which is said.
    """
    try:
        champion = mlflow.MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return CHAMPION, "there was none"
    before = _champion_mrr(champion, tags[_PART], chooser)
    if before is None:
        return CHALLENGER, (
            f"the champion (version {champion.version}) cannot be measured on this validation "
            "part: another backbone, or its files are gone"
        )
    mrr = float(tags[MRR])
    is_below = mrr < float(f"{before:.6f}")  # as the tags have it
    gallery = ""
    if any(champion.tags.get(key, tags[key]) != tags[key] for key in (_GALLERY, "gallery")):
        gallery = (
            f"; its gallery, {tags['gallery']}, is not the champion's, "
            f"{champion.tags.get('gallery', 'unknown')}"
        )
    return (CHALLENGER if is_below else CHAMPION), (
        f"its validation MRR of {mrr:.5f} is {'' if is_below else 'not '}below the "
        f"champion's {before:.5f} (version {champion.version}){gallery}"
    )


def _champion_mrr(champion: ModelVersion, part: str, chooser: Chooser) -> float | None:
    """Its tag where the validation part is the same, else it is measured anew, if it can be."""
    if champion.tags.get(_PART) == part and MRR in champion.tags:
        return float(champion.tags[MRR])
    try:
        uri = f"models:/{champion.name}/{champion.version}"
        folder = Path(mlflow.artifacts.download_artifacts(uri))
        return chooser.validation_mrr(load_retriever(folder / "artifacts" / ARTIFACT))
    except (MlflowException, NewsImagesError, OSError):
        return None


def _fingerprint(parts: Parts) -> str:
    """Tells validation parts apart by their articles."""
    ids = [f"{part.name}/{key}" for part in parts.validation for key in part.articles["article_id"]]
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]
