"""Which version of a registered model is its champion, and the tags by which they are compared."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.utils.git_utils import get_git_commit

from mlproject.failures import sentence_of
from mlproject.options import Promote
from mlproject.terms import NOT_ON_RECORD, unequal_terms
from newsimages.errors import NewsImagesError, reason_of
from newsimages.retriever.retriever import Provenance

CHAMPION, CHALLENGER = "champion", "challenger"
ARTIFACT = "retriever"
"""The artifact of a version that is its retriever's folder."""
MRR = "validation_mrr"
SETTLED = "settled_as"
"""The tag of a version whose alias has been settled: the alias that it was given."""
PROMOTE = "promote"
"""The tag of a version on which who registered it has decided, and not the comparison."""
AUTO: Promote = "auto"
_NEWEST = 1000  # versions that are looked through for those that are being settled
_NO_SUCH = ErrorCode.Name(RESOURCE_DOES_NOT_EXIST)
_ADVICE = "promote=always makes it champion all the same"


def tags_of(
    about: Provenance, mrr: float, terms: Mapping[str, str], promote: Promote
) -> dict[str, str]:
    """What a version is told apart by: first what people compare, last what only programs do.

    MLflow shows them in this order beside the versions, and sorted on a version's own page. They
    are set in it, too, so that a version with all its terms has its figure.
    """
    run = mlflow.active_run()
    return {
        **({} if promote == AUTO else {PROMOTE: promote}),
        MRR: f"{mrr:.6f}",
        "gallery": f"{about.gallery} ({about.gallery_size} images)",
        "variant": about.variant,
        "corpus": about.corpus,
        **terms,
        "git_commit": get_git_commit(__file__) or "unknown",
        "run_id": run.info.run_id if run else "",
    }


@contextmanager
def settling(name: str, version: str) -> Iterator[None]:
    """Says, where the registry fails in the block, that the version is there, and how to go on.

    Raises: NewsImagesError where the block raises anything that `sentence_of` knows.
    """
    try:
        yield
    except Exception as error:
        if (why := sentence_of(error)) is None:
            raise
        raise NewsImagesError(
            f"{name} version {version} is registered, but whether it is the champion is not "
            f"settled: {why} Register once more when that is mended, or decide yourself: "
            f"mlflow.MlflowClient().set_registered_model_alias('{name}', '{CHAMPION}', "
            f"'{version}')."
        ) from error


def settle(
    name: str, version: str, tags: Mapping[str, str], *, is_trial: bool = False
) -> tuple[str, str]:
    """Gives a new version, which has its tags, an alias: champion or challenger.

    It becomes champion if its validation MRR is not below the present champion's, and both rest on
    the same `TERMS`; what is unequal makes it challenger, as does being a trial where there is no
    champion yet. A champion whose files are gone is followed by any version on its terms. Its tag
    `PROMOTE` decides otherwise. Of several that are registered at once, and were compared with the
    same champion, the best becomes it: each looks after it has set the alias whether a better one
    is there.

    Returns:
        The alias, and why.

    Raises:
        NewsImagesError: It cannot be found out whether the champion's files are there.
        MlflowException: The registry does not answer.
    """
    client = mlflow.MlflowClient()
    settled = {other for other, its_tags in _versions(name).items() if SETTLED in its_tags}
    alias, reason = _compared(name, tags, is_trial=is_trial)
    promote = tags.get(PROMOTE, AUTO)
    if promote != AUTO:
        reason = f"promote={promote} (auto makes it {alias}, as {reason})"
        alias = CHAMPION if promote == "always" else CHALLENGER
    elif alias == CHALLENGER:
        reason = f"{reason}. {_ADVICE}"
    if alias == CHAMPION:
        set_to = ""
        while (best := _best(name, version, tags, settled)) != set_to:
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


def _best(name: str, own: str, tags: Mapping[str, str], settled: Collection[str]) -> str:
    """The best of this version and of those being settled on its terms, the newest of equals.

    Versions in ``settled`` are passed over: one that was taken from its place by hand stays so.
    Who registers one with promote=always or never has decided, and nothing else does.
    """
    if PROMOTE in tags:
        return own
    rivals = {
        version: its_tags
        for version, its_tags in _versions(name).items()
        if version not in settled and PROMOTE not in its_tags and not unequal_terms(its_tags, tags)
    }
    mrr_of = {version: _number(its_tags.get(MRR, "")) for version, its_tags in rivals.items()}
    mrr_of = {version: mrr for version, mrr in mrr_of.items() if mrr >= _number(tags[MRR])}
    mrr_of[own] = _number(tags[MRR])
    return max(mrr_of, key=lambda version: (mrr_of[version], int(version)))


def _compared(name: str, tags: Mapping[str, str], *, is_trial: bool) -> tuple[str, str]:
    """The alias of a version with these tags beside the present champion, and why."""
    champion = _champion(name)
    if champion is None and is_trial:
        return CHALLENGER, (
            f"there is no champion, but its gallery, {tags['gallery']}, is a folder of fewer "
            "images than an answer lists, which is taken for a trial"
        )
    if champion is None:
        return CHAMPION, "there was none"
    is_gone = not _has_files(champion)
    before = champion.tags.get(MRR, NOT_ON_RECORD)
    gone = ", whose files are gone" if is_gone else ""
    unequal = unequal_terms(tags, champion.tags)
    own, its = _number(tags[MRR]), _number(before)
    alias, words, which = CHALLENGER, "cannot be compared with", ""
    if unequal:
        which = f": {', '.join(unequal)}"
    elif is_gone:
        alias, words = CHAMPION, "takes the place of"
    elif own < its:
        words = "is below"
    elif own >= its:
        alias, words = CHAMPION, "equals" if own == its else "is above"
    return alias, (
        f"its validation MRR of {tags[MRR]} {words} that of the champion, {before} (version "
        f"{champion.version}{gone}){which}"
    )


def _number(said: str) -> float:
    """What a tag says; NaN, which is neither above nor below anything, where it is no number."""
    try:
        return float(said)
    except ValueError:
        return float("nan")


def _champion(name: str) -> ModelVersion | None:
    """The present champion; None where the registry answers that no version has the alias."""
    client = mlflow.MlflowClient()
    version = client.get_registered_model(name).aliases.get(CHAMPION)
    return client.get_model_version(name, str(version)) if version else None


def _has_files(version: ModelVersion) -> bool:
    """Whether the model's files are there, as far as their folders tell; none of them is read."""
    model = f"models:/{version.name}/{version.version}"
    try:
        files = mlflow.artifacts.list_artifacts(artifact_uri=model)
        parts = mlflow.artifacts.list_artifacts(artifact_uri=f"{model}/artifacts/{ARTIFACT}")
    except Exception as error:  # every kind of storage has its own
        if getattr(error, "error_code", None) == _NO_SUCH:
            return False
        raise NewsImagesError(
            f"The files of {version.name} version {version.version}, the champion, cannot be "
            f"looked at: {reason_of(error)}."
        ) from error
    return bool(parts) and any(each.path == MLMODEL_FILE_NAME for each in files)
