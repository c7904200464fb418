"""The presenters and voices of the sandbox's Creatify: the studio's sample portraits under made-up ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipsync_core.samples import PORTRAITS


@dataclass(frozen=True, slots=True)
class CastMember:
    """A presenter. Its words for the filters are as documented."""

    id: str
    creator_name: str
    gender: str
    age_range: str
    location: str
    style: str
    picture: Path

    @property
    def jpeg(self) -> bool:
        """Whether the picture is a JPEG; otherwise it is a PNG."""
        return self.picture.suffix == ".jpg"

    def shown(self, previews: str) -> dict[str, Any]:
        """Return the API's entry, with pictures below the link ``previews``."""
        link = f"{previews}/{self.id}{self.picture.suffix}"
        shapes = ("16_9", "1_1", "9_16")
        return {
            "id": self.id,
            "creator_name": self.creator_name,
            "gender": self.gender,
            "age_range": self.age_range,
            "location": self.location,
            "style": self.style,
            "is_active": True,
            "type": "public",
            **{f"preview_image_{shape}": link for shape in shapes},
            **{f"preview_video_{shape}": None for shape in shapes},
            "suitable_industries": "other",
            "keywords": "",
        }


_GRACE, _EILEEN, _MIRA = (sample.path for sample in PORTRAITS[:3])
PERSONAS = (
    # The first id is the one in the API reference's own sample.
    CastMember("3c90c3cc-0d44-4b50-8888-8dd25736052a", "Grace", "f", "senior", "indoor", "presenter", _GRACE),
    CastMember("5a1d1f0e-54a5-4f5c-9a0b-6f2f4f6f0b11", "Eileen", "f", "adult", "indoor", "presenter", _EILEEN),
    CastMember("c4b8b7c6-7f0e-4b61-9d3a-1f0a9c1f7a22", "Mira", "f", "adult", "other", "other", _MIRA),
)

VOICES: tuple[dict[str, Any], ...] = (
    {
        "name": "Ada",
        "gender": "female",
        "accents": [
            {
                "id": "6f8ca7a8-87b9-4f5d-905d-cc4598e79717",
                "accent_name": "American English accent",
                "preview_url": None,
            },
            {
                "id": "d3d8a1f6-0f9c-4d0c-8a57-2f6f1f3f5c33",
                "accent_name": "British English accent",
                "preview_url": None,
            },
        ],
    },
    {
        "name": "Alan",
        "gender": "male",
        "accents": [
            {"id": "0a4c5a52-6f57-4a0e-8f0b-7d7f2a1c9d44", "accent_name": "British English accent", "preview_url": None}
        ],
    },
)
ACCENTS = frozenset(accent["id"] for voice in VOICES for accent in voice["accents"])


def persona(persona_id: str) -> CastMember | None:
    """Return the presenter with this id."""
    return next((one for one in PERSONAS if one.id == persona_id), None)
