"""The words of the demo's language: nouns, colours, places, in English and German.

Data and the German declension of noun phrases; the sentences stand in `templates`.
"""

from dataclasses import dataclass
from typing import Literal

from newsimages.corpora.demo.scenes import Colour, Place, Time, Weather

Language = Literal["en", "de"]
Case = Literal["nom", "acc", "dat"]
Article = Literal["none", "indefinite", "definite"]

Both = tuple[str, str]
"""English, German."""


@dataclass(frozen=True)
class Noun:
    """A noun in both languages; German with gender, singular, plural and dative plural."""

    english: str
    english_plural: str
    gender: Literal["m", "f", "n"]
    german: str
    german_plural: str
    wears: bool = False
    """Persons: the colour is worn ("in red"), not their own."""

    @property
    def german_dative_plural(self) -> str:
        """The plural with the dative's n, where it takes one."""
        ending = "" if self.german_plural.endswith(("n", "s")) else "n"
        return self.german_plural + ending


NOUNS: dict[str, Noun] = {
    "house": Noun("house", "houses", "n", "Haus", "Häuser"),
    "factory": Noun("factory", "factories", "f", "Fabrik", "Fabriken"),
    "barn": Noun("barn", "barns", "f", "Scheune", "Scheunen"),
    "cottage": Noun("cottage", "cottages", "n", "Ferienhaus", "Ferienhäuser"),
    "church": Noun("church", "churches", "f", "Kirche", "Kirchen"),
    "caravan": Noun("caravan", "caravans", "m", "Wohnwagen", "Wohnwagen"),
    "car": Noun("car", "cars", "n", "Auto", "Autos"),
    "lorry": Noun("lorry", "lorries", "m", "Lastwagen", "Lastwagen"),
    "bus": Noun("bus", "buses", "m", "Bus", "Busse"),
    "ballot_box": Noun("ballot box", "ballot boxes", "f", "Wahlurne", "Wahlurnen"),
    "lectern": Noun("lectern", "lecterns", "n", "Rednerpult", "Rednerpulte"),
    "poster": Noun("election poster", "election posters", "n", "Wahlplakat", "Wahlplakate"),
    "player": Noun("player", "players", "m", "Spieler", "Spieler", wears=True),
    "fan": Noun("fan", "fans", "m", "Fan", "Fans", wears=True),
    "trophy": Noun("trophy", "trophies", "m", "Pokal", "Pokale"),
    "curve": Noun("curve", "curves", "f", "Kurve", "Kurven"),
    "bar": Noun("column", "columns", "f", "Säule", "Säulen"),
    "coin_stack": Noun("stack of coins", "stacks of coins", "m", "Münzstapel", "Münzstapel"),
    "tree": Noun("tree", "trees", "m", "Baum", "Bäume"),
    "umbrella": Noun("umbrella", "umbrellas", "m", "Regenschirm", "Regenschirme"),
    "tent": Noun("tent", "tents", "n", "Zelt", "Zelte"),
    "express_train": Noun("express train", "express trains", "m", "Schnellzug", "Schnellzüge"),
    "tram": Noun("tram", "trams", "f", "Straßenbahn", "Straßenbahnen"),
    "locomotive": Noun("locomotive", "locomotives", "f", "Lokomotive", "Lokomotiven"),
    "plane": Noun("plane", "planes", "n", "Flugzeug", "Flugzeuge"),
    "helicopter": Noun("helicopter", "helicopters", "m", "Hubschrauber", "Hubschrauber"),
    "balloon": Noun("balloon", "balloons", "m", "Heißluftballon", "Heißluftballons"),
    "container_ship": Noun(
        "container ship", "container ships", "n", "Containerschiff", "Containerschiffe"
    ),
    "sailing_boat": Noun("sailing boat", "sailing boats", "n", "Segelboot", "Segelboote"),
    "ferry": Noun("ferry", "ferries", "f", "Fähre", "Fähren"),
    "placard": Noun("placard", "placards", "n", "Schild", "Schilder"),
    "flag": Noun("flag", "flags", "f", "Fahne", "Fahnen"),
    "banner": Noun("banner", "banners", "n", "Transparent", "Transparente"),
    "wind_turbine": Noun("wind turbine", "wind turbines", "n", "Windrad", "Windräder"),
    "solar_panel": Noun("solar panel", "solar panels", "n", "Solarmodul", "Solarmodule"),
    "cooling_tower": Noun("cooling tower", "cooling towers", "m", "Kühlturm", "Kühltürme"),
    "tractor": Noun("tractor", "tractors", "m", "Traktor", "Traktoren"),
    "cow": Noun("cow", "cows", "f", "Kuh", "Kühe"),
    "sheep": Noun("sheep", "sheep", "n", "Schaf", "Schafe"),
    "ambulance": Noun("ambulance", "ambulances", "m", "Krankenwagen", "Krankenwagen"),
    "hospital_bed": Noun("hospital bed", "hospital beds", "n", "Krankenbett", "Krankenbetten"),
    "syringe": Noun("syringe", "syringes", "f", "Spritze", "Spritzen"),
    "police_car": Noun("police car", "police cars", "m", "Streifenwagen", "Streifenwagen"),
    "motorcycle": Noun("motorcycle", "motorcycles", "n", "Motorrad", "Motorräder"),
    "barrier": Noun("barrier", "barriers", "f", "Absperrung", "Absperrungen"),
    "rocket": Noun("rocket", "rockets", "f", "Rakete", "Raketen"),
    "probe": Noun("space probe", "space probes", "f", "Raumsonde", "Raumsonden"),
    "astronaut": Noun(
        "astronaut", "astronauts", "f", "Astronautin", "Astronautinnen", wears=True
    ),
    "crane": Noun("crane", "cranes", "m", "Kran", "Kräne"),
    "excavator": Noun("excavator", "excavators", "m", "Bagger", "Bagger"),
    "worker": Noun("worker", "workers", "m", "Arbeiter", "Arbeiter", wears=True),
}  # fmt: skip

SECOND: dict[str, Noun] = {
    "fire": Noun("fire engine", "", "n", "Feuerwehrauto", ""),
    "flood": Noun("rescue boat", "", "n", "Rettungsboot", ""),
    "accident": Noun("van", "", "m", "Transporter", ""),
    "election": Noun("curtain", "", "m", "Vorhang", ""),
    "football": Noun("goal", "", "n", "Tor", ""),
    "stocks": Noun("arrow", "", "m", "Pfeil", ""),
    "storm": Noun("bench", "", "f", "Bank", ""),
    "rail": Noun("signal", "", "n", "Signal", ""),
    "aviation": Noun("hangar", "", "m", "Hangar", ""),
    "harbour": Noun("lighthouse", "", "m", "Leuchtturm", ""),
    "protest": Noun("stage", "", "f", "Bühne", ""),
    "energy": Noun("substation", "", "n", "Umspannwerk", ""),
    "farming": Noun("silo", "", "m", "Speicher", ""),
    "health": Noun("clinic", "", "f", "Klinik", ""),
    "police": Noun("suitcase", "", "m", "Koffer", ""),
    "space": Noun("moon", "", "m", "Mond", ""),
    "construction": Noun("tower block", "", "n", "Hochhaus", ""),
}

COLOUR_WORDS: dict[Colour, Both] = {
    "red": ("red", "rot"),
    "blue": ("blue", "blau"),
    "green": ("green", "grün"),
    "yellow": ("yellow", "gelb"),
    "orange": ("orange", "orangefarben"),
    "white": ("white", "weiß"),
    "black": ("black", "schwarz"),
    "purple": ("purple", "violett"),
    "brown": ("brown", "braun"),
}
NUMBERS: dict[int, Both] = {
    1: ("one", "ein"),
    2: ("two", "zwei"),
    3: ("three", "drei"),
    4: ("four", "vier"),
    5: ("five", "fünf"),
}

TOWNS: dict[Place, tuple[Both, ...]] = {
    "city": (
        ("Berlin", "Berlin"),
        ("Cologne", "Köln"),
        ("Vienna", "Wien"),
        ("London", "London"),
        ("Warsaw", "Warschau"),
        ("Paris", "Paris"),
        ("Frankfurt", "Frankfurt"),
    ),
    "village": (
        ("Steinbach", "Steinbach"),
        ("Oberau", "Oberau"),
        ("Littleford", "Littleford"),
        ("Altdorf", "Altdorf"),
        ("Mühlhausen", "Mühlhausen"),
    ),
    "coast": (
        ("Rostock", "Rostock"),
        ("Kiel", "Kiel"),
        ("Dover", "Dover"),
        ("Lisbon", "Lissabon"),
        ("Genoa", "Genua"),
        ("Ostend", "Ostende"),
    ),
    "mountains": (
        ("Innsbruck", "Innsbruck"),
        ("Davos", "Davos"),
        ("Grenoble", "Grenoble"),
        ("Bolzano", "Bozen"),
        ("Zermatt", "Zermatt"),
    ),
    "fields": (
        ("Münster", "Münster"),
        ("Magdeburg", "Magdeburg"),
        ("Lincoln", "Lincoln"),
        ("Parma", "Parma"),
        ("Oldenburg", "Oldenburg"),
    ),
    "forest": (
        ("Freudenstadt", "Freudenstadt"),
        ("Tampere", "Tampere"),
        ("Waldheim", "Waldheim"),
        ("Goslar", "Goslar"),
        ("Eisenach", "Eisenach"),
    ),
}
WHERE: dict[Place, tuple[Both, ...]] = {
    "city": (
        ("in the centre of {}", "im Zentrum von {}"),
        ("in the city of {}", "in der Stadt {}"),
    ),
    "village": (("in the village of {}", "im Dorf {}"),),
    "coast": (
        ("on the coast near {}", "an der Küste bei {}"),
        ("by the sea at {}", "am Meer bei {}"),
    ),
    "mountains": (
        ("in the mountains near {}", "in den Bergen bei {}"),
        ("below the peaks of {}", "unter den Gipfeln von {}"),
    ),
    "fields": (
        ("in the fields near {}", "auf den Feldern bei {}"),
        ("on farmland outside {}", "auf Ackerland vor {}"),
    ),
    "forest": (
        ("in the forest near {}", "im Wald bei {}"),
        ("among the firs of {}", "zwischen den Tannen von {}"),
    ),
}
WEATHER_PHRASES: dict[Weather, tuple[Both, ...]] = {
    "clear": (
        ("under a clear sky", "bei klarem Himmel"),
        ("in fine weather", "bei schönem Wetter"),
    ),
    "clouds": (
        ("under grey clouds", "unter grauen Wolken"),
        ("in dull weather", "bei trübem Wetter"),
    ),
    "rain": (("in heavy rain", "bei starkem Regen"), ("in pouring rain", "bei strömendem Regen")),
    "snow": (
        ("in heavy snow", "bei starkem Schneefall"),
        ("in snow and ice", "bei Schnee und Eis"),
    ),
    "fog": (("in thick fog", "bei dichtem Nebel"), ("in poor visibility", "bei schlechter Sicht")),
}
TIME_PHRASES: dict[Time, tuple[Both, ...]] = {
    "day": (("at midday", "am Mittag"), ("in the morning", "am Morgen")),
    "dusk": (("at dusk", "in der Dämmerung"), ("in the evening", "am Abend")),
    "night": (("at night", "in der Nacht"), ("after dark", "nach Einbruch der Dunkelheit")),
}

WEEKDAYS: tuple[Both, ...] = (
    ("Monday", "Montag"),
    ("Tuesday", "Dienstag"),
    ("Wednesday", "Mittwoch"),
    ("Thursday", "Donnerstag"),
    ("Friday", "Freitag"),
    ("Saturday", "Samstag"),
    ("Sunday", "Sonntag"),
)
SPEAKERS: tuple[Both, ...] = (
    ("the mayor", "die Bürgermeisterin"),
    ("a spokeswoman", "eine Sprecherin"),
    ("the minister", "die Ministerin"),
    ("an expert", "ein Fachmann"),
    ("a witness", "eine Zeugin"),
    ("the head of the council", "der Chef des Rates"),
)
AMOUNTS: tuple[Both, ...] = (
    ("two million euros", "zwei Millionen Euro"),
    ("five million euros", "fünf Millionen Euro"),
    ("ten million euros", "zehn Millionen Euro"),
    ("several hundred thousand euros", "mehrere hunderttausend Euro"),
    ("half a billion euros", "eine halbe Milliarde Euro"),
)
CROWDS: tuple[Both, ...] = (
    ("dozens of", "Dutzende"),
    ("hundreds of", "Hunderte"),
    ("thousands of", "Tausende"),
    ("twenty", "zwanzig"),
    ("fifty", "fünfzig"),
    ("eighty", "achtzig"),
)

_DETERMINERS = {
    "indefinite": {
        "nom": {"m": "ein", "f": "eine", "n": "ein"},
        "acc": {"m": "einen", "f": "eine", "n": "ein"},
        "dat": {"m": "einem", "f": "einer", "n": "einem"},
    },
    "definite": {
        "nom": {"m": "der", "f": "die", "n": "das", "p": "die"},
        "acc": {"m": "den", "f": "die", "n": "das", "p": "die"},
        "dat": {"m": "dem", "f": "der", "n": "dem", "p": "den"},
    },
}
_ENDINGS = {
    "none": {
        "nom": {"m": "er", "f": "e", "n": "es", "p": "e"},
        "acc": {"m": "en", "f": "e", "n": "es", "p": "e"},
        "dat": {"m": "em", "f": "er", "n": "em", "p": "en"},
    },
    "indefinite": {
        "nom": {"m": "er", "f": "e", "n": "es"},
        "acc": {"m": "en", "f": "e", "n": "es"},
        "dat": {"m": "en", "f": "en", "n": "en"},
    },
    "definite": {
        "nom": {"m": "e", "f": "e", "n": "e", "p": "en"},
        "acc": {"m": "en", "f": "e", "n": "e", "p": "en"},
        "dat": {"m": "en", "f": "en", "n": "en", "p": "en"},
    },
}


def english_phrase(
    noun: Noun, *, plural: bool, article: Article, number: str = "", colour: Colour | None = None
) -> str:
    """An English noun phrase: article, number, colour, noun ("the three red cars")."""
    word = noun.english_plural if plural else noun.english
    hue = COLOUR_WORDS[colour][0] if colour else ""
    core = f"{word} in {hue}" if hue and noun.wears else f"{hue} {word}".strip()
    if number:
        core = f"{number} {core}"
    if article == "definite":
        return f"the {core}"
    if article == "indefinite" and not plural:
        return f"{'an' if core[0] in 'aeio' else 'a'} {core}"
    return core


def german_phrase(
    noun: Noun,
    case: Case,
    *,
    plural: bool,
    article: Article,
    number: str = "",
    colour: Colour | None = None,
) -> str:
    """A German noun phrase, declined ("den drei roten Autos")."""
    form = "p" if plural else noun.gender
    kind: Article = "none" if plural and article == "indefinite" else article
    word = noun.german
    if plural:
        word = noun.german_dative_plural if case == "dat" else noun.german_plural
    parts = [_DETERMINERS[kind][case][form] if kind != "none" else "", number]
    if colour and not noun.wears:
        parts.append(COLOUR_WORDS[colour][1] + _ENDINGS[kind][case][form])
    parts.append(word)
    if colour and noun.wears:
        worn = "orange" if colour == "orange" else COLOUR_WORDS[colour][1]
        parts.append(f"in {worn.capitalize()}")
    return " ".join(part for part in parts if part)
