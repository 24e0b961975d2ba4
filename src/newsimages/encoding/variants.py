"""Which activation a model computes with, and how its images are prepared: as it was trained.

In come openCLIP's name of a backbone and a tag or file of weights, out come the options with which
openCLIP makes that model. Neither is stored in the weights. A tag knows both, but openCLIP takes
the activation from the backbone's name and only warns where the tag says otherwise; of a file it
prepares the images as OpenAI's models do. A folder or repository says both in its configuration.
"""

from typing import Any

import open_clip

from newsimages.errors import NewsImagesError, first_ten

_PREPARATION = ("mean", "std", "interpolation", "resize_mode")


def variant(source: str, pretrained: str) -> dict[str, Any]:
    """Options of openCLIP's `create_model_and_transforms` for a backbone and its weights.

    A tag counts for itself. Of a file the backbone's tags count, and where they were trained with
    two activations, those with the one that its name says: ViT-B-32 or ViT-B-32-quickgelu.

    Raises:
        NewsImagesError: A file, and those tags prepare images in several ways.
    """
    config = open_clip.get_model_config(source) if ":" not in source else None
    if config is None:
        return {}
    named = bool(config.get("quick_gelu"))
    tags = {
        tag: open_clip.get_pretrained_cfg(source, tag)
        for tag in open_clip.list_pretrained_tags_by_model(source)
    }
    if pretrained in tags:
        tags = {pretrained: tags[pretrained]}
    fitting = {tag: of for tag, of in tags.items() if _quick_gelu(of) == named} or tags
    ways = {tuple(of[key] for key in _PREPARATION) for of in fitting.values()}
    if len(ways) > 1:
        raise NewsImagesError(_advice(source, pretrained, fitting))
    # A tag that does not name QuickGELU says nothing against it: roberta-ViT-B-32 has it.
    options: dict[str, Any] = {
        "force_quick_gelu": named or any(_quick_gelu(of) for of in fitting.values())
    }
    for way in ways:
        options |= {f"image_{key}": value for key, value in zip(_PREPARATION, way, strict=True)}
    return options


def _quick_gelu(tag: dict[str, Any]) -> bool:
    return bool(tag.get("quick_gelu"))


def _advice(source: str, path: str, tags: dict[str, Any]) -> str:
    repository = next(iter(tags.values()))["hf_hub"].rstrip("/")
    return (
        f"pretrained={path} does not say how images are prepared for it, and the weights of "
        f"{source} ({first_ten(list(tags))}) were trained in several ways. Put the file into a "
        "folder with its open_clip_config.json, which says so, and set "
        "backbone=local-dir:FOLDER; the hub has both, as in "
        f"`hf download {repository} --local-dir FOLDER`. Or set pretrained to one of these tags."
    )
