"""Step 2, sentences: a stop in a German or English line in, whether a sentence ends there out.

A full stop also ends abbreviations ("Dr.", "z. B.") and ordinal numbers ("3. Mai"). One that is
doubtful does not end a sentence: a sentence too long costs little, a sentence torn apart is
translated wrongly.
"""

import re

FULL_WIDTH = "。！？"  # of Chinese and Japanese, where no blank follows
STOP = re.compile(rf"""[.!?…{FULL_WIDTH}]+["“”»«'’)\]]*""")

# Written as they stand before the stop; single letters ("z. B.", "J. Smith") need no entry.
_ABBREVIATIONS = frozenset(
    """
    Abb Abs Abt Allg Anm Art Aufl Aug Ausg Bd Bes Bf Bhf Bj Bsp Ca Co Corp Dez Dipl Dr Evtl Fa Feb
    Gebr Gem Gen Ggf Gov Hbf Hl Hr Hrn Hrsg Inc Ing Jan Jg Jgs Jh Jhd Jr Kap Kl Lt Ltd Mio Mr Mrd
    Mrs Ms Mt Nov Nr Okt Pfd Prof Rep Rev Sen Sept Sgt Skt Sr St Std Str Tab Tel Tsd Univ Vgl Vol
    abzgl allg betr bspw bzgl bzw ca dgl dt ebd ehem einschl engl entspr ev evtl exkl franz geb
    gegr gem gest ggf ggü griech hl inkl insb insbes ital jew kath lfd max med mind mtl nat o phil
    pol rd rer russ röm sog span staatl stellv str städt tägl türk urspr verh vgl vs wg zit zzgl
    zzt österr übers
    """.split()  # noqa: SIM905 - easier to read than a list of quoted words
)

# After an ordinal or an abbreviation these begin a sentence; a noun or a name ("3. Mai") does not.
_STARTERS = frozenset(
    """
    Aber Alle Allerdings Alles Als Am An Anschließend Auch Auf Aus Außerdem Bei Beide Beim Bereits
    Bis Da Dabei Dafür Dagegen Daher Damit Danach Dann Darauf Daraufhin Darum Das Dass Dazu Deine
    Dem Den Denn Dennoch Der Derzeit Deshalb Die Dies Diese Dieser Dieses Doch Dort Durch Ein Eine
    Einem Einen Einer Einige Er Erst Es Etwa For From Für Gegen Gestern He Heute Hier Hinter His
    How Ich Ihr Ihre Im Immerhin In Insgesamt Inzwischen It Jede Jeder Jetzt Kein Keine Keiner Laut
    Leider Man Manche Mehr Mehrere Mein Meine Mit Mittlerweile Nach Nachdem Neben Nein Nicht
    Niemand Noch Nun Nur Ob Obwohl Oft Ohne On Schließlich Schon Sein Seine Seit Seitdem She Sie So
    Sogar Sonst Später Statt Stattdessen The Their Then There They This Trotz Trotzdem Um Und Unser
    Unsere Unter Viele Vielleicht Vom Von Vor Warum Was Weil Weitere Welche Wenn Wer Wie Wieder Wir
    Wo Während Zu Zudem Zuerst Zuletzt Zum Zunächst Zur Zwar Zwei Über
    """.split()  # noqa: SIM905 - as above
)

# A number after one of these counts what comes next: "der 14. Dalai Lama".
_BEFORE_ORDINALS = re.compile(
    r"[dD](?:er|ie|as|en|em|es)|(?:[kmsd]?ein|ihr|unser|jed|dies)(?:e[rnms]?)?|[Ii]m|[Bb]eim"
    r"|[Zz]ur|[Ii]ns|[Vv]om|als|und|oder|sowie|Am|Zum|Seit|Ab|Bis"
)
# What counts so, or is named in dates, with whatever before it: "Platz 1. Bundesliga", "am 3. Mai".
_COUNTED = re.compile(
    r"(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|FC|FSV|SC|SV|TSV|TuS|VfB|VfL)"
    r"|\w*(?:mal|tag|tage|jahr|jahrhundert|monat|woche|minute|stunde|sekunde|platz|rang|runde|stock"
    r"|etage|klasse|liga|loch|advent|kapitel|teil|akt|auflage|ausgabe|etappe|saison|staffel|folge"
    r"|halbzeit|versuch|band|semester|bezirk|grad|krieg|preis|vorsitzende|bürgermeister|stelle"
    r"|reihe|stufe)(?:e?[nrs]|in)?\b",
    re.IGNORECASE,
)
# After others that are no nouns ("am 3.", "um 8."), a sentence begins with its subject and verb.
_SUBJECT_AND_VERB = re.compile(
    r"(?:[^\W\d_][\w-]*\s+){1,3}?(?!(?:mit|seit|nicht|dort|erst|fast|jetzt|laut|selbst|samt|sonst"
    r"|gegen|wegen|neben|zwischen|den|einen|oben|unten|allen|beiden|anderen|vielen)\b)"
    r"(?:[a-zäöüß]+(?:t|te|en|ern|eln)|kam|ging|war|lag|stand|sah|fand|nahm|gab|blieb|rief|lief"
    r"|fiel|trug|sprach|starb|gewann|verlor|traf|zog|ließ|hat|muss|kann|soll|will|darf|wird|wurde"
    r"|was|is|are|has|had|said|says)\b"
)
# A letter after one of these is its name: "Vitamin C."
_LETTERED = re.compile(
    r"(?:Abschnitt|Block|Buchstabe|Gleis|Gruppe|Haus|Hepatitis|Kategorie|Klasse|Option|Plan|Punkt"
    r"|Stufe|Teil|Tor|Typ|Variante|Vitamin) [A-Z]$"
)

_WORD_BEFORE = re.compile(r"[^\W_]+$")
_WORD_AFTER = re.compile(r"[^\W\d_]+")
_RANKED = re.compile(
    r"(?:listen|tabellen)-\d{1,3}$", re.IGNORECASE
)  # "die Weltranglisten-19. Mona Barthel"
# Not the 2 of "3:2", "1,2" or "Covid-2"; a date is one number.
_NUMBER = re.compile(r"(?:^|[\s.(/„“\"])(?P<all>(?:\d{1,2}\.\s?)?(?:\d{1,3}|[IVX]+))$")
_ABBREVIATED_LETTERS = re.compile(r"\b\w\.\s?\w$")  # "z. B", "U.S"
_UNIT = re.compile(r"\d\s?\w$")
_WINDOW = 40  # characters looked at on either side of a stop, longer than any word that matters


def ends_sentence(line: str, stop: re.Match[str]) -> bool:
    """Whether a sentence of ``line`` ends at ``stop``, a match of `STOP` in it."""
    before = line[max(0, stop.start() - _WINDOW) : stop.start()]
    after = line[stop.end() : stop.end() + _WINDOW]
    following = after.lstrip()
    if not following or following[0].islower() or following[0] in ",;:.)]–-」』）":
        return False
    is_glued = after[0] != " " and stop.group()[0] not in FULL_WIDTH
    if is_glued and not _is_glued_end(before, following):
        return False
    if stop.group()[0] != ".":
        return True
    begins = _begins(following)
    if len(word := _word(before)) == 1 and word.isalpha():
        return _ends_after_letter(before, begins=begins)
    if begins:
        return True
    return not (_is_abbreviation(word, following) or _is_ordinal(before, following))


def _is_glued_end(before: str, following: str) -> bool:
    """Whether a stop with no space after it ends a sentence, as in ``gesperrt.Wie die Bahn``."""
    word = _word(before)
    if any(mark in before.rsplit(" ", 1)[-1] for mark in ("www", "://", "@")):
        return False
    if len(word) < (3 if word.isdigit() else 2) and before[-1:] not in '"“”»«)%€':
        return False
    return following[0] in '„“»"' or (following[0].isupper() and not following[1:2].isupper())


def _ends_after_letter(before: str, *, begins: bool) -> bool:
    """After ``Vitamin C`` always; after ``Thomas K`` or ``8 m``, before what begins a sentence."""
    if _LETTERED.search(before):
        return True
    is_initial = before[-1].isupper() and not _ABBREVIATED_LETTERS.search(before)
    return begins and (is_initial or _UNIT.search(before) is not None)


def _is_abbreviation(word: str, following: str) -> bool:
    """``Dr``, ``Schillerstr``, and ``No`` before a number."""
    is_number = word == "No" and following[0].isdigit()
    return word in _ABBREVIATIONS or word.endswith("str") or is_number


def _is_ordinal(before: str, following: str) -> bool:
    """Whether what stands before the stop is an ordinal number of what follows."""
    if _RANKED.search(before):
        return True
    number = _NUMBER.search(before)
    if not number:
        return False
    if _COUNTED.match(following) or following[0].isdigit() or number["all"].isalpha():
        return True
    context = before[: number.start("all")].rstrip()
    if context.endswith("."):
        return _word(context[:-1]) not in _ABBREVIATIONS  # "Nr. 1."
    preceding = _word(context)
    if not preceding or _BEFORE_ORDINALS.fullmatch(preceding):
        return True
    return preceding[0].islower() and not _SUBJECT_AND_VERB.match(following)


def _begins(following: str) -> bool:
    word = _WORD_AFTER.match(following)
    return word is not None and word.group() in _STARTERS


def _word(before: str) -> str:
    match = _WORD_BEFORE.search(before)
    return match.group() if match else ""
