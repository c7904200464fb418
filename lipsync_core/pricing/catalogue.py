"""The catalogue of engines: every vendor's, as its module declares them, and our own. A new one is one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lipsync_core.pricing.wait import Timing
from lipsync_core.providers import PROVIDERS
from lipsync_core.providers.forms import EngineForm

DRAFT = "draft"
"""The provider of engines that run on this computer."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to make a clip: what it takes, what it is for, and how fast it is."""

    form: EngineForm
    purpose: str
    """One sentence under the engine's name in the form."""
    timing: Timing

    @property
    def id(self) -> str:
        """``provider/model``."""
        return self.form.engine

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.form.title

    @property
    def scene(self) -> str:
        """The one kind of clip that it makes."""
        return self.form.scene

    @property
    def provider(self) -> str:
        """The vendor's id, or `DRAFT`."""
        return self.id.partition("/")[0]

    @property
    def vendor(self) -> str:
        """The vendor's name for people."""
        return PROVIDERS[self.provider].title if self.provider in PROVIDERS else "This computer"

    @property
    def is_draft(self) -> bool:
        """Whether it runs here: free, and repeatable."""
        return self.provider == DRAFT

    @property
    def resolutions(self) -> tuple[str, ...]:
        """The sizes to choose from; empty where there is no choice."""
        return self.form.choices.get("resolution", ())


_DRAFTS = (
    Engine(
        form=EngineForm(
            engine="draft/portrait",
            title="Draft engine",
            scene="portrait",
            required=("image", "audio"),
            optional=("resolution", "seed"),
            choices=MappingProxyType({"resolution": ("480p", "720p")}),
            defaults=MappingProxyType({"resolution": "480p"}),
            seeds=(-1, 2**31 - 1),
        ),
        purpose="To judge timing, framing and script. Made on this computer.",
        timing=Timing(
            rtf={"480p": (0.1, 0.3), "720p": (0.15, 0.5)},
            overhead_s=1.5,
            source="twice what tests/bench/bench_draft.py measured on two cores",
        ),
    ),
)

_JOYPIX_TIMING = Timing(
    rtf={"480p": (15.0, 30.0), "720p": (25.0, 50.0)},
    overhead_s=5.0,
    source="JoyPix, Motion-2-Dialog API: about 15 s of work for a second at 480p, 25 s at 720p; the slow case is "
    "assumed to take twice as long",
)
_INFINITETALK_TIMING = Timing(
    rtf={"480p": (20.0, 30.0), "720p": (20.0, 30.0)},
    overhead_s=5.0,
    source="assumed: lipsync.studio names none; WaveSpeed says 10 to 30 s of work for a second of a like model",
    assumed=True,
)
_PURPOSES: Mapping[str, tuple[str, Timing]] = MappingProxyType(
    {
        "joypix/motion-2": ("A portrait that speaks and moves.", _JOYPIX_TIMING),
        "joypix/motion-2-dialog": ("Two people in one picture, each with a voice of their own.", _JOYPIX_TIMING),
        "lipsync-studio/lipsync-image": ("A portrait that speaks.", _INFINITETALK_TIMING),
        "lipsync-studio/lipsync-image-multi": (
            "Two people in one picture, at once or one after the other.",
            _INFINITETALK_TIMING,
        ),
        "lipsync-studio/lipsync-video": ("A new voice for a video.", _INFINITETALK_TIMING),
        "aimlapi/pixverse-lip-sync": (
            "A new voice for a short video, recorded or from a text.",
            Timing(
                rtf={"": (0.0, 2.0)},
                overhead_s=34.0,
                source="AI/ML API, pixverse/lip-sync: about 34 s for its sample, whatever the length; the slow case "
                "is assumed",
            ),
        ),
        "creatify/lipsync": (
            "A stock presenter speaks your text or your recording.",
            Timing(
                rtf={"": (10.0, 20.0)},
                overhead_s=15.0,
                source="assumed: Creatify names none; a digest of its pages says 150 s for 15 s",
                assumed=True,
            ),
        ),
    }
)

ENGINES: Mapping[str, Engine] = MappingProxyType(
    {
        engine.id: engine
        for engine in (
            *_DRAFTS,
            *(Engine(form, *_PURPOSES[form.engine]) for provider in PROVIDERS.values() for form in provider.forms),
        )
    }
)
"""Every engine by its id."""

SCENES: Mapping[str, str] = MappingProxyType(
    {
        "portrait": "One person",
        "dialog": "Two people",
        "redub": "New voice for a video",
        "presenter": "Stock presenter",
    }
)
"""Every scene and what it is called."""
