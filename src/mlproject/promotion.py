"""Which version of a registered model is its champion, and the tags by which they are compared."""

import hashlib
from collections.abc import Collection, Mapping
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
SETTLED = "settled_as"
"""The tag of a version whose alias has been settled: the alias that it was given."""
_PART, _GALLERY = "validation_part", "gallery_digest"
_NEWEST = 1000  # versions that are looked through for those that are being settled


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


def settle(name: str, version: str, tags: Mapping[str, str], chooser: Chooser) -> tuple[str, str]:
    """Gives a new version, which has its tags, an alias: champion or challenger.

    It becomes champion if its validation MRR is not below the present champion's on the same
    articles, else challenger. Their galleries may differ, which is said. Of several that are
    registered at once, and were compared with the same champion, the best becomes it: each looks
    after it has set the alias whether a better one is there.

    Returns:
        The alias, and why.
    """
    client = mlflow.MlflowClient()
    settled = {other for other, its_tags in _versions(name).items() if SETTLED in its_tags}
    alias, reason = _compared(name, tags, chooser)
    if alias == CHAMPION:
        set_to = ""
        while (best := _best(name, {version: tags}, settled)) != set_to:
            client.set_registered_model_alias(name, CHAMPION, best)
            set_to = best
        if set_to != version:
            alias, reason = CHALLENGER, f"version {set_to} of the same moment is better"
    if alias == CHALLENGER:
        client.set_registered_model_alias(name, CHALLENGER, version)
    client.set_model_version_tag(name, version, SETTLED, alias)
    return alias, reason


def _versions(name: str) -> dict[str, dict[str, str]]:
    """The tags of the newest versions."""
    newest = mlflow.MlflowClient().search_model_versions(
        f"name = '{name}'", max_results=_NEWEST, order_by=["version_number DESC"]
    )
    return {str(each.version): each.tags for each in newest}


def _best(name: str, own: Mapping[str, Mapping[str, str]], settled: Collection[str]) -> str:
    """The best of ``own`` and of those being settled on its validation part, the newest of equals.

    Versions in ``settled`` are passed over: one that was taken from its place by hand stays so.
    """
    [part] = {tags[_PART] for tags in own.values()}
    mrr_of = {
        version: float(tags[MRR])
        for version, tags in {**_versions(name), **own}.items()
        if version not in settled and tags.get(_PART) == part and MRR in tags
    }
    return max(mrr_of, key=lambda version: (mrr_of[version], int(version)))


def _compared(name: str, tags: Mapping[str, str], chooser: Chooser) -> tuple[str, str]:
    """The alias of a version with these tags beside the present champion, and why."""
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
