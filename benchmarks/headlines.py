"""Made-up English headlines of 6 to 16 words, always the same for a seed."""

import random

_WHO = (
    "government", "minister", "police", "city council", "striking drivers", "central bank",
    "local farmers", "court", "former champion", "airline", "university", "museum", "hospital",
    "car maker", "opposition", "union",
)  # fmt: skip
_DOES = (
    "announces", "rejects", "defends", "delays", "investigates", "wins", "warns of", "welcomes",
    "cuts", "plans", "closes", "demands", "reveals", "loses", "backs", "questions",
)  # fmt: skip
_WHAT = (
    "new train line", "rent freeze", "record prices", "late goal", "budget plan", "energy deal",
    "flood wall", "school reform", "trade talks", "film festival", "cancelled flights",
    "vaccine study", "tax rise", "bridge repair", "housing project", "climate protest",
    "title race", "data leak", "hottest summer", "old harbour",
)  # fmt: skip
_HOW = (
    "after weeks of protest", "despite heavy snow", "as winter approaches", "before the election",
    "amid growing doubts", "in first test of the season", "with help from neighbours",
    "over safety fears", "as thousands stay at home", "for the first time in years",
)  # fmt: skip
_WHERE = (
    "in Cologne", "in London", "near the border", "in the south", "on the coast", "in Paris",
    "at the airport", "in three states", "downtown", "across Europe",
)  # fmt: skip
_WHY = (
    ", officials say", ", report finds", ": what we know so far", ", says mayor",
    ": live updates",
)  # fmt: skip


def headlines(n: int, *, seed: int = 0) -> list[str]:
    """``n`` different headlines, 11 words on average, as news sites have."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < n:
        made[_headline(chance)] = None
    return list(made)


def _headline(chance: random.Random) -> str:
    parts = [chance.choice(part) for part in (_WHO, _DOES, _WHAT, _HOW)]
    text = " ".join(parts)
    if chance.random() < 0.5:
        text += " " + chance.choice(_WHERE)
    if chance.random() < 0.3:
        text += chance.choice(_WHY)
    return text[0].upper() + text[1:]
