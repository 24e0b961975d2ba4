"""Puts a scene into words: captions, articles in English and German, pairs for translation.

In: a scene and a random generator. Out: text. The generator chooses sentences and fillings before
any language is chosen, so that equal generators give translations of each other.
"""

import datetime
import random
import re
from dataclasses import dataclass

from newsimages.corpora.demo.scenes import Scene
from newsimages.corpora.demo.templates import (
    AGENCY_CAPTIONS,
    BACKGROUND,
    CAPTIONS,
    CREDITS,
    EXCLAIMED,
    LINES,
    LOOSE,
    LOOSE_PLACED,
)
from newsimages.corpora.demo.words import (
    AMOUNTS,
    CROWDS,
    NOUNS,
    NUMBERS,
    SECOND,
    SPEAKERS,
    TIME_PHRASES,
    TOWNS,
    WEATHER_PHRASES,
    WEEKDAYS,
    WHERE,
    Article,
    Both,
    Case,
    Language,
    english_phrase,
    german_phrase,
)

LOOSE_SHARE = 0.1
"""Share of headlines that are only loosely related to their picture."""
CAPTION_SHARE = 0.5
EXCLAIMED_SHARE = 0.15

_FIRST_DAY, _DAYS = datetime.date(2019, 1, 1), 1461  # on which agencies took their pictures

_HEADLINE_FORMS = {"full": "h", "colour": "k", "number": "b", "plain": "o"}
_ARTICLES: dict[str, Article] = {
    "h": "none", "k": "none", "b": "none", "o": "none",
    "n": "indefinite", "d": "definite", "p": "definite",
}  # fmt: skip
_CASES: dict[str | None, Case] = {None: "nom", "nom": "nom", "acc": "acc", "dat": "dat"}
_NUMBERED = "hnb"
_COLOURED = "hknd"

_SLOT = re.compile(r"\{(\w+)(?:\.(nom|acc|dat))?\}")
_AGREEMENT = re.compile(r"\[([^|\]]*)\|([^|\]]*)\]")
_DIRECTION = re.compile(r"<([^|>]*)\|([^|>]*)>")
_BEI_DEM = re.compile(r"\b(an|bei|in|von|zu) dem\b")
_CONTRACTED = {"an": "am", "bei": "beim", "in": "im", "von": "vom", "zu": "zum"}


@dataclass(frozen=True)
class _Line:
    """A sentence before its language is chosen."""

    template: Both
    fillings: dict[str, Both]
    detail: str = "full"
    """The form of the slot ``h``, a key of `_HEADLINE_FORMS`."""


def caption(scene: Scene, rng: random.Random) -> str:
    """An English photo caption that names several of the visible attributes."""
    fillings = _fillings(scene, rng) | {"doing": (LINES[scene.topic].doing, "")}
    template = rng.choice(CAPTIONS)
    return _render(_Line((template, ""), fillings), scene, "en")


def agency_caption(scene: Scene, rng: random.Random) -> str:
    """What an agency's archive says of a picture: what is seen, in English, and a credit.

    Town and date are drawn for it alone, so that they tell nothing of an article.
    """
    day = _FIRST_DAY + datetime.timedelta(days=rng.randrange(_DAYS))
    extra = {"date": f"{day.day} {day:%B %Y}", "credit": rng.choice(CREDITS)}
    fillings = _fillings(scene, rng) | {name: (text, "") for name, text in extra.items()}
    template = rng.choice(AGENCY_CAPTIONS)
    return _render(_Line((template, ""), fillings), scene, "en")


def article(
    scene: Scene, rng: random.Random, language: Language, *, loose: bool | None = None
) -> tuple[str, str]:
    """Headline and text (three to six sentences) of a news article with this picture.

    ``loose`` says whether the headline is only loosely related to the picture; by default
    `LOOSE_SHARE` of them are.
    """
    plan = _plan(scene, rng, loose)
    headline, *sentences = (_render(line, scene, language) for line in plan)
    return headline, " ".join(sentences)


def sentence_pairs(scene: Scene, rng: random.Random) -> list[tuple[str, str]]:
    """Headline and sentences of an article as (German, English), from `article`'s distribution."""
    return [(_render(line, scene, "de"), _render(line, scene, "en")) for line in _plan(scene, rng)]


def training_text(scene: Scene, rng: random.Random) -> str:
    """An English text for contrastive pre-training: a caption or a headline about the picture."""
    if rng.random() < CAPTION_SHARE:
        return caption(scene, rng)
    template = rng.choice(LINES[scene.topic].headlines)
    headline = _render(_Line(template, _fillings(scene, rng), _detail(rng)), scene, "en")
    return exclaimed(headline, rng) if rng.random() < EXCLAIMED_SHARE else headline


def exclaimed(headline: str, rng: random.Random) -> str:
    """An English headline as short posts write it: "Breaking: …"."""
    return f"{rng.choice(EXCLAIMED)}: {headline}"


def _plan(scene: Scene, rng: random.Random, loose: bool | None = None) -> list[_Line]:
    """Headline and three to six sentences, language-neutral; the first sentence is a lead."""
    lines = LINES[scene.topic]
    fillings = _fillings(scene, rng)
    n_sentences = rng.randint(3, 6)
    n_facts = min(rng.randint(1, 3), n_sentences - 1)
    further = rng.sample(lines.facts, n_facts)
    further += rng.sample(BACKGROUND, n_sentences - 1 - n_facts)
    templates = [_headline(scene, rng, loose), rng.choice(lines.leads), *further]
    detail = _detail(rng)
    return [_Line(template, fillings, detail) for template in templates]


def _detail(rng: random.Random) -> str:
    """The form in which a headline names the main object."""
    return rng.choice(("full", "full", "colour", "number", "plain"))


def _headline(scene: Scene, rng: random.Random, loose: bool | None) -> Both:
    lines = LINES[scene.topic]
    chance = rng.random() < LOOSE_SHARE
    if not (chance if loose is None else loose):
        return rng.choice(lines.headlines)
    return rng.choice(rng.choice((lines.loose, LOOSE, LOOSE_PLACED)))


def _fillings(scene: Scene, rng: random.Random) -> dict[str, Both]:
    """Random fillings of the slots that the scene leaves open, in both languages."""
    city = rng.choice(TOWNS[scene.place])
    where = rng.choice(WHERE[scene.place])
    return {
        "city": city,
        "where": (where[0].format(city[0]), where[1].format(city[1])),
        "weather": rng.choice(WEATHER_PHRASES[scene.weather]),
        "time": rng.choice(TIME_PHRASES[scene.time]),
        "day": rng.choice(WEEKDAYS),
        "who": rng.choice(SPEAKERS),
        "money": rng.choice(AMOUNTS),
        "crowd": rng.choice(CROWDS),
    }


def _render(line: _Line, scene: Scene, language: Language) -> str:
    """The sentence in ``language``, with its first letter in upper case."""
    index = 0 if language == "en" else 1

    def fill(match: re.Match[str]) -> str:
        slot = match.group(1)
        case = _CASES[match.group(2)]
        if slot in line.fillings:
            return line.fillings[slot][index]
        return _phrase(scene, _HEADLINE_FORMS[line.detail] if slot == "h" else slot, case, language)

    text = line.template[index]
    text = _AGREEMENT.sub(lambda match: match.group(1 if scene.count == 1 else 2), text)
    text = _DIRECTION.sub(lambda match: match.group(1 if scene.direction == "up" else 2), text)
    text = _SLOT.sub(fill, text)
    if language == "de":
        text = _BEI_DEM.sub(lambda match: _CONTRACTED[match.group(1)], text)
    return _capitalised(text)


def _phrase(scene: Scene, slot: str, case: Case, language: Language) -> str:
    """The scene's main or second object as the slot (see the templates) wants it."""
    second = slot.startswith("x")
    form = (slot[1:] or "n") if second else slot
    noun = SECOND[scene.topic] if second else NOUNS[scene.motif]
    plural = not second and scene.count > 1
    index = 0 if language == "en" else 1
    number = NUMBERS[scene.count][index] if plural and form in _NUMBERED else ""
    colour = (scene.accent if second else scene.colour) if form in _COLOURED else None
    kind = _ARTICLES[form]
    if language == "en":
        return english_phrase(noun, plural=plural, article=kind, number=number, colour=colour)
    return german_phrase(noun, case, plural=plural, article=kind, number=number, colour=colour)


def _capitalised(text: str) -> str:
    """First letter of the text, and after a full stop, in upper case."""
    return text[:1].upper() + text[1:]
