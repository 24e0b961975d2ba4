"""Code pages: western languages are read as cp1252, what other code pages wrote is doubtful."""

import string

import pytest

from newsimages.corpora.code_page import doubtful_words, other_readings

WESTERN = {
    "German": "Bürger fordern größere Brücke – „schön“, 30 °C, 5 € für Käse, § 218, Rock´n´Roll",
    "French": "L’été à Paris : « Noël » créée, réélue, cœur, Œuvre, naïf, Haÿ-les-Roses, ÉVÉNEMENT",
    "Spanish": "España dice que sí, mañana habrá ¿qué? ¡Olé! Núñez, pingüino, Álvarez, corazón",
    "Danish": "Ærø, Ålborg, smørrebrød, blåbær, ÆØÅ på øen, Søren, ÅRET, først, nødt, håndværk",
    "Icelandic": "Þýðing íþróttir áður þýðir sjálfstæði, Ísland, ÞJÓÐ, öðru, bíður, Þór, ráðherra",
    "Finnish": "Työntekijät äänestävät, šakki, pääministeri, yö, älä, hätä, Åbo, mäki, sää, täällä",
    "Portuguese": "São Paulo não é ação, coração, avô, três, você, João, opinião, maçã, está",
    "Italian": "Perché è così, città, università, più, può, lunedì, virtù, caffè, È vero, c’è",
}
FOREIGN = {
    "mac_roman": ["Bürgermeister übt Grüße", "Élysée créée", "pingüino español"],
    "cp1250": ["příklad mělo české ředitel běží několik žena příští zítra důvod můžete křižovatka"],
    "iso8859_2": ["Wrocław: łódź, książka, święta, środa, piątek"],
    "cp1251": ["Президент открыл мост"],
    "koi8_r": ["Президент открыл мост"],
    "cp1253": ["Ο πρόεδρος άνοιξε τη γέφυρα"],
    "gb18030": ["总统今天上午在北京开幕大桥"],
    "euc_kr": ["대통령이 오늘 아침 다리를 열었다"],
}


@pytest.mark.parametrize("language", WESTERN)
def test_western_languages_are_not_doubtful(language: str) -> None:
    assert doubtful_words(WESTERN[language].encode("cp1252").decode("cp1252")) == []


def test_names_from_everywhere_are_not_doubtful() -> None:
    assert doubtful_words("Beyoncé trifft Søren in São Paulo, Malmö grüßt Þór und Núñez") == []


@pytest.mark.parametrize(
    ("code_page", "text"), [(page, text) for page, texts in FOREIGN.items() for text in texts]
)
def test_other_code_pages_are_doubtful_in_cp1252(code_page: str, text: str) -> None:
    assert doubtful_words(text.encode(code_page).decode("cp1252", errors="replace"))


def test_one_odd_word_among_many_is_no_doubt() -> None:
    many = " ".join(f"Brücke{letter}" for letter in string.ascii_lowercase * 2)
    many += " " + " ".join(f"Mühle{letter}" for letter in string.ascii_lowercase)
    assert doubtful_words(f"McÉwan {many}") == []


def test_the_reading_of_the_right_code_page_is_named() -> None:
    word = "Grüße".encode("mac_roman").decode("cp1252")
    assert dict(other_readings(word))["mac_roman"] == "Grüße"
    word = "Президент".encode("cp1251").decode("cp1252")
    assert dict(other_readings(word))["cp1251"] == "Президент"
