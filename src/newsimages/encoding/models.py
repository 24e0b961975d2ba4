"""Chooses the models for a corpus: the ones asked for, else the ones it recommends.

A corpus may name models in its ``corpus.json``; one that names none gets the paper's. A corpus may
be anyone's, so what it names without being asked for are names that openCLIP and the hub know, not
places to load files from. A model's folder may say in ``made_for.json`` that it serves one corpus
alone, as the demo models do.
"""

import difflib
import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import open_clip

from newsimages import demo_models
from newsimages.corpora import Corpus
from newsimages.encoding.encoders import OpenClipConfig, check_names
from newsimages.encoding.model_files import LOCAL
from newsimages.errors import NewsImagesError, first_ten
from newsimages.paths import is_file, is_folder
from newsimages.preprocessing.translation import DEFAULT_TRANSLATOR

AUTO = "auto"
NO_MODEL = "none"
# openCLIP's multilingual companion of the paper's model: the same image tower, frozen.
MULTILINGUAL = ("xlm-roberta-large-ViT-H-14", "frozen_laion5b_s13b_b90k")

_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)

_ADVICE = (
    "Set the parameters backbone, pretrained and translator, e.g. "
    f"-P backbone={OpenClipConfig.backbone} -P pretrained={OpenClipConfig.pretrained} "
    f"-P translator={DEFAULT_TRANSLATOR} (or auto for these three)."
)
_MULTILINGUAL_ADVICE = (
    f"Set multilingual_backbone to another one, e.g. -P multilingual_backbone={MULTILINGUAL[0]}, "
    f"or to {NO_MODEL}."
)


def choose_backbone(corpus: Corpus, backbone: str, pretrained: str) -> tuple[str, str]:
    """The openCLIP model to use on a corpus, and the tag of its weights.

    ``auto`` takes what the corpus recommends, else the paper's.

    Raises:
        NewsImagesError: No such model or tag, one that is made for another corpus alone, or one
            that a corpus cannot recommend.
    """
    keys, default = ("backbone", "pretrained"), (OpenClipConfig.backbone, OpenClipConfig.pretrained)
    return _chosen(corpus, keys, default, backbone, pretrained, advice=_ADVICE)


def choose_multilingual(corpus: Corpus, backbone: str, pretrained: str) -> tuple[str, str] | None:
    """The openCLIP model for articles as they were written, and the tag of its weights, or None.

    ``auto`` takes what the corpus recommends, else none. Raises: As `choose_backbone`.
    """
    keys = ("multilingual_backbone", "multilingual_pretrained")
    known = (NO_MODEL, AUTO, *_backbones())
    wanted = _recommended(corpus, keys[0], NO_MODEL, known) if backbone == AUTO else backbone
    if wanted in (NO_MODEL, AUTO):
        return None
    with speaking_of_multilingual():
        return _chosen(corpus, keys, MULTILINGUAL, wanted, pretrained, advice=_MULTILINGUAL_ADVICE)


@contextmanager
def speaking_of_multilingual() -> Iterator[None]:
    """Names the multilingual parameters in the errors of the block."""
    try:
        yield
    except NewsImagesError as error:
        named = f"multilingual_backbone and multilingual_pretrained: {error}"
        raise NewsImagesError(named) from error


def _chosen(
    corpus: Corpus,
    keys: tuple[str, str],
    default: tuple[str, str],
    backbone: str,
    pretrained: str,
    *,
    advice: str,
) -> tuple[str, str]:
    """Model and tag, checked without loading anything; ``keys`` are theirs in ``corpus.json``."""
    name = backbone
    if backbone == AUTO:
        name = _recommended(corpus, keys[0], default[0], _backbones())
    bundled = demo_models.BACKBONES.get(name)
    holds_weights = bundled is not None or ":" in name  # a folder or repository
    if holds_weights and pretrained not in (AUTO, name):
        raise NewsImagesError(
            f"backbone={name} holds its own weights, but pretrained={pretrained} names "
            "others. Leave pretrained=auto, or name the backbone that these weights belong to."
        )
    if pretrained == AUTO and holds_weights:
        pretrained = name
    elif pretrained == AUTO:
        pretrained = default[1] if name == default[0] else AUTO
        if name == corpus.models.get(keys[0], default[0]):
            tags = open_clip.list_pretrained_tags_by_model(name)
            pretrained = _recommended(corpus, keys[1], pretrained, tags)
    folder = demo_models.path(bundled) if bundled else Path(name.removeprefix(LOCAL))
    _check_made_for(corpus, "backbone", folder, advice)
    if not bundled:
        check_names(name, pretrained)
    return name, pretrained


def choose_translator(corpus: Corpus, translator: str) -> str:
    """The translation model to use on a corpus; ``auto`` takes what the corpus recommends.

    Raises:
        NewsImagesError: One that is made for another corpus alone, or that a corpus cannot
            recommend.
    """
    chosen = translator
    if translator == AUTO:
        value = corpus.models.get("translator", "")
        is_name = _HUB_NAME.fullmatch(value) and not (is_folder(value) or is_file(value))
        known = (demo_models.NAME, *([value] if is_name else []))
        chosen = _recommended(corpus, "translator", DEFAULT_TRANSLATOR, known)
    is_demo = chosen == demo_models.NAME
    folder = demo_models.path("translator") if is_demo else Path(chosen)
    _check_made_for(corpus, "translator", folder, _ADVICE)
    return chosen


def _backbones() -> tuple[str, ...]:
    return (*demo_models.BACKBONES, *open_clip.list_models())


def _recommended(corpus: Corpus, key: str, default: str, known: Collection[str]) -> str:
    """What ``corpus.json`` says under ``key``.

    Raises: NewsImagesError where it is none of the ``known`` names: only who runs this can ask for
    files to be loaded as a model.
    """
    value = corpus.models.get(key)
    if value is None or value in known:
        return default if value is None else value
    near = difflib.get_close_matches(value[:100], known, n=5)
    raise NewsImagesError(
        f"{corpus.folder / 'corpus.json'} names {key}={value[:100]}, which a corpus cannot choose: "
        "it may name openCLIP's own models and tags, and translators of the hub as owner/name."
        f"{f' Did you mean {first_ten(near)}?' if near else ''} Correct the file; or, if you trust "
        f"what it names, set the parameter {key} to the same."
    )


def _check_made_for(corpus: Corpus, parameter: str, folder: Path, advice: str) -> None:
    marker = folder / "made_for.json"
    try:
        made_for = json.loads(marker.read_text(encoding="utf-8"))["newsimages_corpus"]
    except OSError:
        return  # no such folder, or a model that is made for no corpus in particular
    except (ValueError, KeyError, TypeError) as error:
        raise NewsImagesError(
            f'{marker} is damaged ({error}): expected {{"newsimages_corpus": "NAME"}}. Mend it, or '
            "remove it if the model serves any corpus."
        ) from error
    if made_for != corpus.name:
        raise NewsImagesError(
            f"The {parameter} in {folder.name}/ knows only the corpus {made_for!r}, but the corpus "
            f"is {corpus.name!r} ({corpus.folder}). {advice}"
        )
