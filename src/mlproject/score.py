"""Entry point ``score``: a table of articles in, the images that a registered model finds out."""

import tempfile
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from mlproject import tracking
from mlproject.options import EngineOptions
from mlproject.promotion import ARTIFACT
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, first_ten, reason_of
from newsimages.retriever.manifest import MANIFEST, read_manifest
from newsimages.retriever.scoring import UNANSWERED, Asked, gather, read_articles, score

MODELS, SCORES, RANKINGS = "models", "scores", "rankings"
"""Folders of the workdir: of retrievers, of the parts of rankings, and of rankings."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """Ranks images for a table of articles, by a registered model, each article alone."""

    articles: str = "articles.csv"
    """The table: title, and optionally text and article_id; CSV, TSV, Excel or Parquet."""
    model: str = "models:/newsimages-fused@champion"
    """The registered model: models:/NAME@ALIAS or models:/NAME/VERSION."""
    workdir: str = "work"
    """The folder for the model's files and the parts of the work; made if it is not there."""
    rankings: str = AUTO
    """The Parquet file to write; auto: WORKDIR/rankings/ and the name of the table."""
    top_k: int = 100
    """Images for each article."""
    revision: str = AUTO
    """dual_softmax, inverted_softmax, neighbours, sinkhorn or none; auto: what the model's run has
    chosen."""
    engine: EngineOptions = field(default_factory=EngineOptions)

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on lists without an image."""
        if self.top_k < 1:
            raise NewsImagesError(f"top_k is {self.top_k}, expected 1 or more.")


def run(config: Score) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        engine = config.engine.start()
        workdir, table = Path(config.workdir), Path(config.articles)
        articles, unanswered = read_articles(table)
        revision = None if config.revision == AUTO else config.revision
        folder = retriever_folder(config.model, workdir)
        asked = Asked(folder=folder, top_k=config.top_k, revision=revision)
        is_auto = config.rankings == AUTO
        path = workdir / RANKINGS / f"{table.name.split('.')[0]}.parquet"
        path = path if is_auto else Path(config.rankings)
        with tracking.announced("score", doing=f"Ranks images for {len(articles)} articles."):
            parts, n_found = score(articles, asked, workdir / SCORES, engine=engine)
            refused = gather(parts, path)
        _tell_of_index(asked)
        rows = {article.article_id: row for row, article in enumerate(articles)}
        unanswered += [(name, rows[name], why) for name, why in refused.items()]
        n_scored = len(articles) - len(refused)
        print(f"  {n_scored} articles scored, {n_found} of {len(articles)} found done: {path}")
        mlflow.log_metrics(
            {
                "articles_scored": n_scored,
                "articles_found_done": n_found,
                "articles_unanswered": len(unanswered),
            }
        )
        _report(unanswered)
        mlflow.log_artifact(str(path), RANKINGS)
        if not n_scored:
            raise NewsImagesError(
                f"Not one article of {table} could be scored: {unanswered[0][2].rstrip('.')}. See "
                "unanswered.csv of the run."
            )


def _tell_of_index(asked: Asked) -> None:
    """Logs and prints that the lists are approximate, where the retriever answered by an index."""
    manifest = read_manifest(asked.folder)
    index = manifest.provenance.index if manifest.provenance else None
    if index and asked.revision in (None, manifest.revisions[0].name):
        mlflow.log_metric("index_recall_at_100", index.recall_at_100)
        print(
            "  by the model's index: lists are approximate, and have no confidences (recall_at_100 "
            f"{index.recall_at_100:.4f} on validation articles)"
        )


def retriever_folder(model: str, workdir: Path) -> Path:
    """A copy of a registered model's retriever in the workdir, where workers of a cluster see it.

    Raises:
        NewsImagesError: There is no such model, it is no retriever, or it cannot be copied.
    """
    try:
        folder = workdir / MODELS / mlflow.models.get_model_info(model).model_uuid
        if not (folder / MANIFEST).is_file():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as temporary:
                found = mlflow.artifacts.download_artifacts(model, dst_path=temporary)
                (Path(found) / "artifacts" / ARTIFACT).rename(folder)
    except (MlflowException, OSError) as error:
        raise NewsImagesError(
            f"model={model} cannot be used: {reason_of(error)}. Expected models:/NAME@ALIAS or "
            "models:/NAME/VERSION of a retriever that the entry point register has made."
        ) from error
    return folder


def _report(unanswered: list[tuple[str, int, str]]) -> None:
    """Logs and lists the articles that have no answer."""
    if unanswered:
        rows = sorted(unanswered, key=itemgetter(1))
        tracking.log_table(pd.DataFrame(rows, columns=list(UNANSWERED)), "unanswered.csv")
        shown = [f"row {row} ({reason})" for _, row, reason in rows]
        print(f"  {len(rows)} articles are left out: {first_ten(shown)}")
