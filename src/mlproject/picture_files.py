"""Where the picture files of a registered model's gallery lie: the run that made it says.

The parameters of that run name the corpus, the folder or, with the runs of the entry point
``gallery``, the folders whose images a gallery that grows was given.
"""

from collections.abc import Sequence
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from mlproject.options import DEMO, CorpusOptions
from mlproject.preprocess import corpus_folder
from newsimages.corpora import Corpus, DataSet, read_corpus
from newsimages.corpora.captions import captions_told, with_captions
from newsimages.desk.pictures import GalleryPictures, ListedPictures, Pictures
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, reason_of
from newsimages.gallery.listing import image_files
from newsimages.gallery.snapshot import Snapshot
from newsimages.lists import names_in
from newsimages.paths import is_folder, looked_for
from newsimages.runs.table import ALL

NOT_KNOWN = "where the picture files are is not known: start the desk with pictures=FOLDER"


def given_pictures(pictures: str, workdir: str) -> ListedPictures:
    """Those of a folder of images, of a corpus folder or of the demo.

    The images of a corpus are known as ``NAME/id`` and, where no other has the same one, as ``id``.

    Raises:
        NewsImagesError: There is no such folder, or it holds no images.
    """
    if pictures != DEMO:
        if not is_folder(pictures):
            raise NewsImagesError(
                f"pictures={pictures} is no folder{looked_for(pictures)}. Name the folder of the "
                "image files, or of the corpus that they belong to."
            )
        if files := _plain(Path(pictures)):
            return files
    return _of_corpus(CorpusOptions(corpus=pictures, workdir=workdir), ALL, also_plain=True)


def registered_pictures(model: str, workdir: str) -> ListedPictures:
    """Those of the gallery that a model holds, as the run that registered it says."""
    given = _parameters(model)
    gallery = given.get("gallery", ALL)
    try:
        if gallery != ALL and is_folder(gallery):
            return _plain(Path(gallery)) or ListedPictures(why_none=NOT_KNOWN)
        if "corpus" in given:
            source = CorpusOptions(
                corpus=given["corpus"],
                workdir=workdir,
                dataset=given.get("dataset", ALL),
                encoding=given.get("encoding", AUTO),
            )
            return _of_corpus(source, gallery)
    except NewsImagesError as error:
        print(f"  no pictures: {error}")
    return ListedPictures(why_none=NOT_KNOWN)


def folders_of(snapshot: Snapshot) -> list[Path]:
    """The folders whose images a gallery that grows was given, as far as runs of this store say."""
    found = mlflow.search_runs(
        search_all_experiments=True,
        filter_string=f"tags.gallery = '{snapshot.uri}' and tags.entry_point = 'gallery'",
        output_format="list",
    )
    named = [run.data.params.get("images", "") for run in found]
    return [Path(name) for name in dict.fromkeys(named) if name and is_folder(name)]


def grown_pictures(snapshot: Snapshot, roots: Sequence[Path]) -> Pictures:
    """Those of a version of a gallery that grows."""
    return GalleryPictures(snapshot=snapshot, roots=tuple(roots))


def _plain(folder: Path) -> ListedPictures | None:
    """All images below a folder; None where it holds none, or tables of a corpus as well."""
    try:
        read_corpus(folder)
    except NewsImagesError:
        if files := image_files(folder):
            return ListedPictures(root=folder, files=files, captions=captions_told(folder))
    return None


def _of_corpus(source: CorpusOptions, gallery: str, *, also_plain: bool = False) -> ListedPictures:
    """Those of a corpus's test sets, by the ids that `mlproject.gallery.gallery_files` gives."""
    corpus = with_captions(read_corpus(corpus_folder(source), encoding=source.said_encoding))
    tests = [each for each in corpus.data_sets if each.split == "test"]
    names = [each.name for each in tests] if gallery == ALL else list(names_in(gallery))
    served = [each for each in tests if each.name in names]
    files: dict[str, Path] = {}
    captions: dict[str, str] = {}
    twice: set[str] = set()
    for each in served:
        for image_id, path, caption in _images(corpus, each):
            keys = [f"{each.name}/{image_id}"] if len(served) > 1 or also_plain else [image_id]
            if also_plain:
                twice |= {image_id} & files.keys()
                keys.append(image_id)
            for key in keys:
                files[key] = path
                captions[key] = caption
    for image_id in twice:
        del files[image_id]
    return ListedPictures(root=corpus.folder, files=files, captions=captions)


def _images(corpus: Corpus, part: DataSet) -> list[tuple[str, Path, str]]:
    """Id, file and caption ("" for none) of the images that have a file."""
    images = part.images[part.images["path"].notna()]
    captions = images["caption"].fillna("")
    rows = zip(images["image_id"], images["path"], captions, strict=True)
    return [(image_id, corpus.folder / path, caption) for image_id, path, caption in rows]


def _parameters(model: str) -> dict[str, str]:
    """Those of the run that registered a model, and of the runs that it is a step of."""
    client = mlflow.MlflowClient()
    given: dict[str, str] = {}
    try:
        run_id: str | None = mlflow.models.get_model_info(model).run_id
        while run_id:
            run = client.get_run(run_id)
            given = {**run.data.params, **given}
            run_id = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
    except MlflowException as error:
        print(f"  no pictures: the run that registered {model} cannot be read: {reason_of(error)}")
    return given
