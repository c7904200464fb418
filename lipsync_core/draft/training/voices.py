"""The synthesisers' voices that teach the mouth network; ``tests/bench/bench_mouth.py`` evaluates with others."""

from __future__ import annotations

from collections.abc import Mapping

VARIANTS = (
    *("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f4", "klatt", "klatt2", "klatt4", "anika", "Annie"),
    *("belinda", "david", "Diogo", "edward", "Henrique", "linda", "marcelo", "Mario", "pablo", "steph", "travis"),
    *("zac", "adam", "Alicia", "Gene", "grandpa"),
)
"""espeak-ng's variants of a voice."""

RECORDED_VOICES = ("kal16", "awb")
"""flite's voices."""

ACCENTS: Mapping[str, tuple[str, ...]] = {"en": ("en-us", "en-gb-x-rp", "en-029"), "es": ("es", "es-419")}
"""The voices of a language that has several."""
