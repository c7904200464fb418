"""What people call a table's columns in German, French and Spanish. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_TABLE = """
    name: Titel, Bezeichnung, Clipname; Nom, Titre, Nom du clip; Nombre, Título
    project: Projekt, Projektname, Kampagne; Projet, Nom du projet; Proyecto
    scene: Szene; Scène; Escena
    engine: Modell; Modèle, Moteur; Modelo, Motor
    resolution: Auflösung, Qualität, Größe; Résolution, Qualité, Taille; Resolución, Calidad
    duration: Dauer, Länge, Laufzeit, Sekunden; Durée, Longueur, Secondes; Duración, Segundos
    image: Bild, Foto, Gesicht, Porträt; Photo, Visage, Portrait; Imagen, Cara
    video: Film; Vidéo; Vídeo
    audio: Ton, Stimme, Tonspur, Aufnahme, Datei, Dateiname; Voix, Son, Enregistrement, Bande-son, Fichier, Nom
        du fichier; Voz, Sonido, Grabación, Archivo
    left_audio: Stimme links, Linke Stimme, Ton links, Links; Voix gauche, Voix de gauche, Gauche; Voz
        izquierda, Izquierda
    right_audio: Stimme rechts, Rechte Stimme, Ton rechts, Rechts; Voix droite, Voix de droite, Droite; Voz
        derecha, Derecha
    order: Reihenfolge; Ordre; Orden
    text: Skript, Sprechtext, Sprechertext; Texte, Texte parlé; Texto, Guion
    speaker: Sprecher, Sprecherin; Locuteur, Locutrice; Locutor, Locutora
    creator: Präsentator, Präsentatorin; Présentateur, Présentatrice; Presentador, Presentadora
    accent: Akzent; Acento
    aspect_ratio: Seitenverhältnis, Bildformat; Format d’image; Formato
    prompt: Regieanweisung, Anweisung; Consigne, Indication; Instrucciones
    mask_image: Maske; Masque; Máscara
"""
"""A column's name in `COLUMNS`, then its names in German; French; Spanish.

Words that may mean something else (“Sprache”, “Zeit”, “temps”, “idioma”) are left out: an unused column is listed on
the page, a wrong one is a problem of every row.
"""


def _names(table: str) -> Mapping[str, tuple[str, ...]]:
    lines = table.strip("\n").replace("\n        ", " ").splitlines()
    cells = (line.partition(":") for line in lines)
    return {column.strip(): tuple(map(str.strip, words.replace(";", ",").split(","))) for column, _, words in cells}


TRANSLATED: Mapping[str, tuple[str, ...]] = MappingProxyType(_names(_TABLE))
"""Names in other languages, by column."""
UNITS = (
    "sek",
    "sekunden",
    "in s",
    "in sek",
    "in sekunden",
    "secondes",
    "en s",
    "en secondes",
    "segundos",
    "en segundos",
)
"""What people add to the name of a column with lengths."""
BEHIND = ("datei", "dateiname", "pfad", "fichier", "archivo", "enlace")
"""What people add behind the name of a column with files or links."""
BEFORE = ("datei", "pfad", "fichier", "lien", "chemin", "url", "link", "file", "archivo", "enlace")
"""What they write before it."""
BETWEEN = ("zu", "zum", "zur", "der", "des", "vers", "de", "du", "de la", "de l", "vers la", "vers l", "a la", "al")
"""The little words that may be between the two."""
