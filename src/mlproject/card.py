"""What the registry shows of models and their versions, in Markdown.

Of a version: what it was made of, what it reads, its limits.
"""

from collections.abc import Mapping, Sequence

from newsimages.preprocessing.served import Preprocessing
from newsimages.retriever.retriever import IndexRecord, Provenance, Retriever
from newsimages.runs.table import RUNS, TOWERS, Run


def model_card(name: str, runs: Sequence[Run]) -> str:
    """What a registered model is, whatever its versions; ``runs`` are those it may answer as."""
    which = " or ".join(f"run {run.number} ({run.words})" for run in runs)
    return f"""Finds the images of a gallery that go with a news article: a title, and a text \
where there is one, in; ids of images, best first, out. It answers as {which}.

`champion` is the version to serve, `challenger` the newest that did not become it; each version's \
page says what it was made of and how well it does.

```bash
mlflow models serve -m models:/{name}@champion --env-manager uv -p 5001
```
"""


def card(
    retriever: Retriever,
    about: Provenance,
    terms: Mapping[str, str],
    *,
    mrr: float,
    languages: str,
    search: str,
    pictures: str,
) -> str:
    """The card of a version. It begins with plain words: lists show the first, marks and all.

    Args:
        retriever: Of the version.
        about: What it was made of.
        terms: What its validation MRR rests on, as `terms.TERMS`.
        mrr: On the validation part.
        languages: As `reads` gives them.
        search: As `searches` gives it.
        pictures: In Markdown.
    """
    [run] = [run for run in RUNS if run.variant == about.variant]
    first = retriever.revisions[0]
    settings = ", ".join(f"{key} {value:g}" for key, value in first.settings.items())
    others = ", ".join(each.name for each in retriever.revisions[1:])
    views = ", ".join(
        f"{TOWERS[view.tower]} on {view.text_field}s {weight:.3f}"
        for view, weight in retriever.weights.items()
    )
    run = run.on({view.tower for view in retriever.weights})
    return f"""Run {run.number} ({run.variant}) ranks {about.gallery_size} images \
({about.gallery}) for a news article: {run.words}.

- **Corpus**: {about.corpus}
- **Backbone**: {terms["backbone"]}, in {terms["precision"]}; text towers only
- **Languages**: {languages}
- **Views and weights**: {views}
- **Gallery**: {about.gallery_size} images ({about.gallery})
- **Revision**: {first.name}{f" ({settings})" if settings else ""} against a bank of \
{about.bank_size} training articles{f"; on request also {others}" if others else ""}
- **Search**: {search}
- **Validation**: MRR {mrr:.6f} on {about.validation_articles} articles, one at a time

{pictures}

**Limits**: no image outside the gallery; chosen on a validation part of the same corpus, never on \
its test articles. A request names its text `title` and, where there is more, `text`; `top_k`, \
`revision`, `against` (`bank` or `batch`), `explain`, `words`, `like`, `minus` and `minus_weight` \
are its parameters. `confidence` and `none_fits` are probabilities where every second article's \
picture is in the gallery.
"""


def searches(index: IndexRecord | None, index_mb: float) -> str:
    """How a model goes through its images, for its card."""
    if index is None:
        return "exact"
    return (
        f"approximate, by an index of {index_mb:.1f} MB over {index.images} images, of whose "
        f"{index.cells} cells {index.probed} are gone through; recall_at_100 "
        f"{index.recall_at_100:.4f} on validation articles; without probabilities. Exact with a "
        "filter, another revision or `against=batch`"
    )


def reads(preprocessing: Preprocessing, retriever: Retriever, translator_mb: float) -> str:
    """What languages a model reads, and how, for its card."""
    languages = ", ".join(preprocessing.languages)
    others = len(preprocessing.languages) > 1
    multilingual = any(view.tower == "multilingual" for view in retriever.weights)
    beside = "; its multilingual view reads articles as they were written" if multilingual else ""
    if not others:
        return f"{languages}{beside}"
    if preprocessing.translator:
        return (
            f"{languages}, found by lingua; what is not English is translated, by a model of "
            f"{translator_mb:.0f} MB in here{beside}"
        )
    alone = "are read by the multilingual view alone" if multilingual else "are refused"
    return (
        f"{languages}, found by lingua; there is no translator in here: others than English {alone}"
    )
