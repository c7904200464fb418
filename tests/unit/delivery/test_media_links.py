"""Names, links and download names: what a stranger's text can and cannot do."""

import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from lipsync_core import MediaError, MediumFacts
from lipsync_core.db.database import Database
from lipsync_core.delivery.links import PERIOD_S, Links
from lipsync_core.media.store import MediaStore
from lipsync_core.plain_text import clean_name
from lipsync_core.worker.process import Limits
from tests import corpus

FACTS = MediumFacts("c" * 64, "video", "x", ".mp4", "video/mp4", 1)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\clips\\my voice.wav", "my voice.wav"),
        ("😀 Großvater.png", "😀 Großvater.png"),
        ("a\x00b\nc\u202ed.png", "abcd.png"),
        ("", "unnamed"),
        ("..", ".."),
    ],
)
def test_a_name_is_kept_without_folders_and_control_characters(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


def test_a_name_of_300_characters_is_shortened_and_keeps_its_ending() -> None:
    name = clean_name("v" * 300 + ".wav")
    assert len(name) == 200
    assert name.endswith("….wav")


@given(st.text())
def test_no_name_can_point_anywhere(text: str) -> None:
    name = clean_name(text)
    assert "/" not in name
    assert "\\" not in name
    assert 0 < len(name) <= 200


def test_a_link_leads_to_what_it_was_made_for_and_stays_the_same_for_hours() -> None:
    links = Links(b"secret")
    link = links.to(FACTS, name="a b.mp4")
    assert link == links.to(FACTS, name="a b.mp4")
    prefix, token, name = link.rsplit("/", 2)
    assert prefix == "/app/static/media"
    assert name == "a%20b.mp4"
    ref = links.read(token)
    assert ref is not None
    assert (ref.sha256, ref.kind, ref.variant) == ("c" * 64, "video", "file")


def test_a_forged_or_foreign_or_expired_token_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    links = Links(b"secret")
    token = links.to(FACTS, name="a.mp4").split("/")[-2]
    assert links.read(token[:-2] + "xx") is None
    assert links.read("") is None
    assert Links(b"another").read(token) is None
    later = time.time() + 2 * PERIOD_S
    monkeypatch.setattr(time, "time", lambda: later)
    assert links.read(token) is None


def test_a_file_that_ends_its_worker_is_refused_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    database.migrate()
    store = MediaStore(tmp_path / "media", database, Limits(memory_mb=2048, seconds=0.05))
    with pytest.raises(MediaError, match=r"It took longer .* Save “face\.png” again"):
        store.keep(corpus.png(), "image", "face.png")
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file()]


def test_paths_come_from_the_hash_alone(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, Database(f"sqlite:///{tmp_path / 'x.db'}"))
    assert store.path(FACTS) == tmp_path / "cc" / f"{'c' * 64}.mp4"
    assert store.path(FACTS, "thumb") == tmp_path / "cc" / f"{'c' * 64}.thumb.jpg"
