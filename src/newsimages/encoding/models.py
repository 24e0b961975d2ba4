"""Chooses the models for a corpus: the ones asked for, else the ones it recommends.

A corpus may name models in its ``corpus.json``; one that names none gets the paper's. A model's
folder may say in ``made_for.json`` that it serves one corpus alone, as the demo models do.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsimages import demo_models
from newsimages.corpora import Corpus
from newsimages.encoding.encoders import LOCAL, OpenClipConfig, check_names
from newsimages.errors import NewsImagesError
from newsimages.preprocessing.translation import DEFAULT_TRANSLATOR

AUTO = "auto"
NO_MODEL = "none"
# openCLIP's multilingual companion of the paper's model: the same image tower, frozen.
MULTILINGUAL = ("xlm-roberta-large-ViT-H-14", "frozen_laion5b_s13b_b90k")

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
        NewsImagesError: No such model or tag, or one that is made for another corpus alone.
    """
    name = corpus.models.get("backbone", OpenClipConfig.backbone)
    tag = corpus.models.get("pretrained", OpenClipConfig.pretrained)
    return _chosen(corpus, (name, tag), backbone, pretrained, advice=_ADVICE)


def choose_multilingual(corpus: Corpus, backbone: str, pretrained: str) -> tuple[str, str] | None:
    """The openCLIP model for articles as they were written, and the tag of its weights, or None.

    ``auto`` takes what the corpus recommends, else none. Raises: As `choose_backbone`.
    """
    recommended = corpus.models.get("multilingual_backbone", NO_MODEL)
    wanted = recommended if backbone == AUTO else backbone
    if wanted in (NO_MODEL, AUTO):
        return None
    tag = MULTILINGUAL[1] if wanted == MULTILINGUAL[0] else AUTO
    if wanted == recommended:
        tag = corpus.models.get("multilingual_pretrained", tag)
    with speaking_of_multilingual():
        return _chosen(corpus, (wanted, tag), wanted, pretrained, advice=_MULTILINGUAL_ADVICE)


@contextmanager
def speaking_of_multilingual() -> Iterator[None]:
    """Names the multilingual parameters in the errors of the block."""
    try:
        yield
    except NewsImagesError as error:
        named = f"multilingual_backbone and multilingual_pretrained: {error}"
        raise NewsImagesError(named) from error


def _chosen(
    corpus: Corpus, recommended: tuple[str, str], backbone: str, pretrained: str, *, advice: str
) -> tuple[str, str]:
    """Model and tag, checked without loading anything."""
    name = recommended[0] if backbone == AUTO else backbone
    bundled = demo_models.BACKBONES.get(name)
    holds_weights = bundled is not None or ":" in name  # a folder or repository
    if holds_weights and pretrained not in (AUTO, name):
        raise NewsImagesError(
            f"backbone={name} holds its own weights, but pretrained={pretrained} names "
            "others. Leave pretrained=auto, or name the backbone that these weights belong to."
        )
    if pretrained == AUTO and holds_weights:
        pretrained = name
    elif pretrained == AUTO and name == recommended[0]:
        pretrained = recommended[1]
    folder = demo_models.path(bundled) if bundled else Path(name.removeprefix(LOCAL))
    _check_made_for(corpus, "backbone", folder, advice)
    if not bundled:
        check_names(name, pretrained)
    return name, pretrained


def choose_translator(corpus: Corpus, translator: str) -> str:
    """The translation model to use on a corpus; ``auto`` takes what the corpus recommends.

    Raises: NewsImagesError for one that is made for another corpus alone.
    """
    recommended = corpus.models.get("translator", DEFAULT_TRANSLATOR)
    chosen = recommended if translator == AUTO else translator
    is_demo = chosen == demo_models.NAME
    folder = demo_models.path("translator") if is_demo else Path(chosen)
    _check_made_for(corpus, "translator", folder, _ADVICE)
    return chosen


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
