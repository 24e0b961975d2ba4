"""What is known of a registered model beside it: its pictures' files, and what reads images.

The parameters of the run that made it name the corpus, the folder and the encoders; those of the
entry point ``gallery`` name the folders whose images a gallery that grows was given.
"""

from pathlib import Path
from typing import Any, NamedTuple, cast

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from mlproject.embed import encoder_config, multilingual_config
from mlproject.growing import corpus_named
from mlproject.options import (
    DEMO,
    CorpusOptions,
    EncoderOptions,
    MultilingualOptions,
    PreprocessingOptions,
)
from mlproject.preprocess import corpus_folder
from newsimages.corpora import Corpus, DataSet, read_corpus
from newsimages.corpora.captions import captions_told, with_captions
from newsimages.corpora.image_folder import image_files
from newsimages.desk.pictures import GalleryPictures, ListedPictures, Pictures
from newsimages.devices import Precision
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, reason_of
from newsimages.gallery.snapshot import Snapshot, open_snapshot
from newsimages.gallery.storage import is_gallery
from newsimages.gallery.table import placed
from newsimages.lists import names_in
from newsimages.paths import is_folder, looked_for
from newsimages.ranking.spaces import Tower
from newsimages.retriever.folder import text_towers
from newsimages.retriever.retriever import Retriever
from newsimages.runs.table import ALL

NOT_KNOWN = "where the picture files are is not known: start the desk with pictures=FOLDER"


class Registered(NamedTuple):
    """A registered model's name and version."""

    name: str
    version: str

    @classmethod
    def of(cls, model: str) -> "Registered":
        """What models:/NAME@ALIAS or models:/NAME/VERSION is by now."""
        path = model.removeprefix("models:/")
        name, _, alias = path.partition("@")
        if alias:
            found = mlflow.MlflowClient().get_model_version_by_alias(name, alias)
            return cls(name, str(found.version))
        name, _, version = path.partition("/")
        return cls(name, version)


def given_pictures(pictures: str, workdir: str) -> Pictures:
    """Those of a folder of images, of a corpus folder, of the demo, or of a gallery that grows.

    The images of a corpus are known as ``NAME/id`` and, where no other has the same one, as ``id``.

    Raises:
        NewsImagesError: There is no such folder, or it holds no images.
    """
    if is_gallery(placed(pictures)):
        snapshot = open_snapshot(pictures)
        return GalleryPictures(snapshot=snapshot, roots=tuple(folders_of(snapshot)))
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
    given = parameters_of(model)
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
        filter_string="tags.entry_point = 'gallery'",
        output_format="list",
    )
    own = [run for run in found if run.data.tags.get("gallery") == snapshot.uri]
    named = [run.data.params.get("images", "") for run in own]
    return [Path(name) for name in dict.fromkeys(named) if name and is_folder(name)]


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


def adding_as(model: str) -> dict[str, Any]:
    """The settings of the entry point ``gallery`` under which a registered model's images came.

    As far as the run that registered it says; its names of models are those of the gallery.
    """
    given = parameters_of(model)
    settings: dict[str, Any] = {
        "encoder": EncoderOptions(
            backbone=given.get("backbone", AUTO),
            pretrained=given.get("pretrained", AUTO),
            precision=cast("Precision", given.get("precision", AUTO)),
        ),
        "multilingual": MultilingualOptions(
            multilingual_backbone=given.get("multilingual_backbone", AUTO),
            multilingual_pretrained=given.get("multilingual_pretrained", AUTO),
        ),
        "preprocessing": PreprocessingOptions(
            languages=given.get("languages", PreprocessingOptions.languages),
            translator=given.get("translator", AUTO),
        ),
    }
    return {**settings, **({"corpus": given["corpus"]} if "corpus" in given else {})}


def image_encoders(model: str, retriever: Retriever) -> dict[Tower, OpenClipEncoder]:
    """The models that read the images of a registered one, as the run that made it says.

    Raises:
        NewsImagesError: They are not known, or cannot be loaded.
    """
    given = adding_as(model)
    if "corpus" not in given:
        raise NewsImagesError(f"the run that registered {model} is not on record.")
    corpus = corpus_named(given["corpus"])
    asked = text_towers(retriever.weights)
    encoders: dict[Tower, OpenClipEncoder] = {}
    if "clip" in asked:
        encoders["clip"] = OpenClipEncoder(encoder_config(given["encoder"], corpus))
    second = multilingual_config(given["multilingual"], given["encoder"], corpus)
    if "multilingual" in asked and second:
        encoders["multilingual"] = OpenClipEncoder(second)
    return encoders


def parameters_of(model: str) -> dict[str, str]:
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
