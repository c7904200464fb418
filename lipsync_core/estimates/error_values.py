"""The error values that spreadsheet programs write into a cell, in all their languages. Pure."""

from __future__ import annotations

import re
import unicodedata

_EXCEL = """
    #NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #EXTERNAL!
    loading... loading… #BUSY! #PYTHON! #TIMEOUT! #UNKNOWN! #ERROR! #CYCLE! #CIRCULAR!
    #WERT! #BEZUG! #ZAHL! #NV #ÜBERLAUF! #KALK! #FELD! #BLOCKIERT! #DATEN_ABRUFEN
    #NUL! #VALEUR! #NOM? #NOMBRE! #PROPAGATION! #DEVERSEMENT! #EPARS! #CALCUL! #CHAMP! #CONNEXION! #BLOQUE!
    #CHARGEMENT_DONNEES #OBTENTION_DONNEES
    #NULO! #VALOR! #NOMBRE? #N/D #DESBORDAMIENTO! #OBTENIENDO_DATOS
    #RIF! #VALORE! #NOME? #NULLO! #ESPANSIONE! #ESTRAZIONE_DATI_IN_CORSO
    #NÚM! #DESPEJAR! #TRANSPOSIÇÃO! #EXCEDENTE! #OBTENDO_DADOS
    #LEEG! #DEEL/0! #DELING.DOOR.0! #WAARDE! #VERW! #NAAM? #GETAL! #N/B #OVERLOOP!
    #ZERO! #DZIEL/0! #ARG! #ADR! #NAZWA? #LICZBA! #N/D! #ROZLANIE! #CYKL! #BŁĄD!
    #ПУСТО! #ДЕЛ/0! #ЗНАЧ! #ССЫЛКА! #ИМЯ? #ЧИСЛО! #Н/Д #ПЕРЕНОС! #ВЫЧИСЛ! #ДІЛЕННЯ/0! #ПОСИЛАННЯ! #ІМ'Я?
    #SKÄRNING! #DIVISION/0! #VÄRDEFEL! #REFERENS! #NAMN? #OGILTIGT! #SAKNAS!
    #VÆRDI! #REFERENCE! #NAVN? #NUMMER! #I/T #OVERLØB! #TOM!
    #VERDI! #OVERFLYT!
    #TYHJÄ! #JAKO/0! #ARVO! #VIITTAUS! #NIMI? #LUKU! #PUUTTUU! #PUUTTUU #LEVITTYMINEN!
    #DĚLENÍ_NULOU! #HODNOTA! #ODKAZ! #NÁZEV? #ČÍSLO! #NENÍ_K_DISPOZICI #PŘESAH! #PRESAH!
    #DELENIENULOU! #NÁZOV? #NEDOSTUPNÝ #NEPLATNÝ!
    #NULLA! #ZÉRÓOSZTÓ! #ÉRTÉK! #HIV! #NÉV? #SZÁM! #HIÁNYZIK #KIBONTÁS!
    #BOŞ! #SAYI/0! #DEĞER! #BAŞV! #AD? #SAYI! #YOK #TAŞMA!
    #VRIJEDNOST! #BROJ! #DIJ/0! #NAZIV?
    #ΚΕΝΟ! #ΔΙΑΙΡ./0! #ΤΙΜΗ! #ΑΝΑΦ! #ΟΝΟΜΑ? #ΑΡΙΘ! #Δ/Υ
    #VALOARE! #NUME?
    #NIČ! #DEL/0! #VREDN! #SKLIC! #IME? #ŠTEV! #N/V
"""
"""A line or two for each language: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian and
Ukrainian, Swedish, Danish, Norwegian, Finnish, Czech, Slovak, Hungarian, Turkish, Croatian, Greek, Romanian, Slovenian.
"""
BEGINS = ("#", "E", "e", "L", "l")
"""The first characters of all error values."""
_NUMBERED = re.compile(r"err:\s?\d{3}")
"""LibreOffice's numbered errors."""
_SHOUTED = re.compile(r"#[¡¿]?[^\W\d_a-z][^\sa-z]{0,30}[!?]")
"""What error values look like in every language: capitals without a space, and a mark at the end."""
_MISSING = re.compile(r"#[^\W\d_a-z]{1,3}/[^\W\d_a-z]{1,3}")
"""“Not available”, as in ``#N/A`` and ``#I/T``."""
_TOO_NARROW = re.compile(r"#{3,}")
"""Written instead of a number or a date that does not fit its column."""


def is_error_value(cell: str) -> bool:
    """Return whether a cell holds a spreadsheet error instead of a value."""
    cell = cell.strip()
    if len(cell) > 40 or not cell.startswith(BEGINS):
        return False
    plain = _plainly(cell)
    if plain in _KNOWN or _NUMBERED.fullmatch(plain) or _TOO_NARROW.fullmatch(plain):
        return True
    return cell.upper() == cell and bool(_SHOUTED.fullmatch(cell) or _MISSING.fullmatch(cell))


def error_within(cell: str) -> str | None:
    """Return the first error value inside a longer text, such as ``#N/A`` in “Hello #N/A”; None if there is none.

    Only values that are listed count, in capitals, and not those that are tags of people as well.
    """
    found = None if "#" not in cell and "rr:" not in cell else _WITHIN.search(unicodedata.normalize("NFC", cell))
    return None if found is None else found[0]


def _plainly(cell: str) -> str:
    """Normalize Spanish, which writes both ``#¡REF!`` and ``#REF!``."""
    return unicodedata.normalize("NFC", cell).replace("¡", "").replace("¿", "").casefold()


_KNOWN = frozenset(map(_plainly, _EXCEL.split()))
_TAGS = ("#AD?", "#FIELD!", "#HIV!", "#LUKU!", "#REFERENCE!", "#NUMMER!", "#TOM!", "#ZERO!")
"""Error values that people write as tags, too."""
_WITHIN = re.compile(
    r"(?<!\w)(?:"
    + "|".join(
        re.escape(value).replace("\\#", "#[¡¿]?", 1)
        for value in sorted(_EXCEL.split(), key=len, reverse=True)
        if value.startswith("#") and value not in _TAGS
    )
    + r"|Err:\s?\d{3}|#{7,})(?!\w)"
)
"""An error value between other words. Markdown’s headings have up to six of its signs."""
