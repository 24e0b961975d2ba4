"""Whose images a registered model serves: a parameter in, the images' vectors out."""

from collections.abc import Sequence
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.embed import EmbeddedCorpus, embedding_store
from mlproject.evaluate import TOP_K, Experiment
from mlproject.options import ArticleOptions
from mlproject.preprocess import captions_in_english
from newsimages.corpora import Corpus
from newsimages.corpora.captions import captions_of
from newsimages.corpora.image_folder import image_files
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError, first_ten
from newsimages.gallery.storage import is_gallery
from newsimages.gallery.table import Gallery as Growing
from newsimages.gallery.table import placed
from newsimages.lists import names_in
from newsimages.paths import is_folder, looked_for
from newsimages.protocols.embedded import EmbeddedSet, joined
from newsimages.protocols.parts import Protocol
from newsimages.ranking.captions import captions_tower
from newsimages.ranking.spaces import Gallery, Queries, Tower
from newsimages.runs.table import ALL
from newsimages.txv.towers import txv_gallery


def check_gallery(gallery: str, corpus: Corpus, protocol: Protocol) -> None:
    """Raises: NewsImagesError where the protocol's tests cannot be what is to be served."""
    split = "test" if protocol == "official" else "train"
    _sets(gallery, [each.name for each in corpus.data_sets if each.split == split])


def served_gallery(
    gallery: str, options: ArticleOptions, experiment: Experiment
) -> tuple[Gallery, list[Queries]]:
    """The images that are served, in the spaces that the experiment has: CLIP's, T×V's, ….

    Images of one test set keep their ids; of several, the ids are ``NAME/id``.

    Returns:
        The images, and the articles of the test sets that they are of; of all, for a folder.

    Raises:
        NewsImagesError: The gallery is neither test sets nor a folder of images.
    """
    networks = experiment.chooser.networks
    tests = {part.name: part for part in experiment.parts.tests}
    if is_gallery(placed(gallery)):  # its version takes the place of these images
        return next(iter(tests.values())).gallery, [part.queries for part in tests.values()]
    names = _sets(gallery, list(tests))
    if not names:
        own = _of_folder(experiment.embedded, options, Path(gallery))
        own |= txv_gallery(own["clip"], networks)
        return own, [part.queries for part in tests.values()]
    served = [tests[name] for name in names]
    whole = served[0] if len(served) == 1 else joined(served)
    return whole.gallery, [part.queries for part in served]


def gallery_files(gallery: str, tests: Sequence[EmbeddedSet]) -> dict[str, Path]:
    """The files of a gallery's images, by the ids that `served_gallery` gives; of unread ones, too.

    Raises: NewsImagesError as `served_gallery`.
    """
    by_name = {part.name: part.files for part in tests}
    names = _sets(gallery, list(by_name))
    if not names:
        return _files(Path(gallery))
    if len(names) == 1:
        return dict(by_name[names[0]])
    return {f"{name}/{key}": path for name in names for key, path in by_name[name].items()}


def is_trial(gallery: str, tests: Sequence[EmbeddedSet], n_images: int) -> bool:
    """Whether it is a folder of fewer images than an answer lists: somebody tries things out."""
    return n_images < TOP_K and not _sets(gallery, [part.name for part in tests])


def _sets(gallery: str, known: Sequence[str]) -> list[str]:
    """The data sets whose images are served; none where it is a folder's, or one that grows."""
    if is_gallery(placed(gallery)):
        Growing.open(gallery)
        return []
    if gallery != ALL and gallery not in known and is_folder(gallery):
        _files(Path(gallery))
        return []
    names = list(known) if gallery == ALL else list(names_in(gallery))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise NewsImagesError(
            f"gallery={gallery}: {first_ten(unknown) or ALL} is neither a test set "
            f"({first_ten(known) or 'there is none'}) nor a folder of images"
            f"{looked_for(gallery)}. Give a test set, or set gallery to such a folder."
        )
    return names


def _files(folder: Path) -> dict[str, Path]:
    """All image files below a folder; an image's id is its path below it."""
    files = image_files(folder)
    if not files:
        raise NewsImagesError(
            f"gallery={folder} holds no image files. Name a folder with some, or a test set."
        )
    return files


def _of_folder(
    embedded: EmbeddedCorpus, options: ArticleOptions, folder: Path
) -> dict[Tower, Embeddings]:
    """The vectors of all image files below a folder that can be read, by each encoder.

    And of their captions, where the corpus has some.
    """
    files = _files(folder)
    store = embedding_store(embedded.workdir, embedded.encoder, embedded.engine)
    images, unreadable = store.images(files, label="gallery")
    if unreadable:
        rows = pd.DataFrame(list(unreadable.items()), columns=["image_id", "reason"])
        tracking.log_table(rows, "unreadable_gallery.json")
        print(f"  {len(unreadable)} images cannot be read: {first_ten(list(unreadable))}")
    mlflow.log_metric("gallery_images", len(images))
    files = {key: files[key] for key in images.ids.tolist()}
    towers: dict[Tower, Embeddings] = {"clip": images}
    if embedded.neutral is not None:
        captions = _captions(embedded, options, files, folder)
        towers["captions"] = captions_tower(captions, images.ids, embedded.neutral)
    if embedded.originals is not None:
        store = embedding_store(embedded.workdir, embedded.originals, embedded.engine)
        towers["multilingual"], _ = store.images(files, label="gallery")
    return towers


def _captions(
    embedded: EmbeddedCorpus, options: ArticleOptions, files: dict[str, Path], folder: Path
) -> Embeddings | None:
    """The vectors of the captions that images of a folder have; None where none has one."""
    captions = captions_of(files, folder)
    if not captions:
        return None
    english = captions_in_english(
        options.preprocessing,
        embedded.corpus,
        list(captions.values()),
        workdir=embedded.workdir,
        device=options.encoder.device,
    )
    texts = {key: english[own] for key, own in captions.items()}
    store = embedding_store(embedded.workdir, embedded.encoder, embedded.engine)
    return store.texts(texts, label="gallery-captions")
