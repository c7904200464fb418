"""The library and what is deleted for good: entries that last, and every trace of a face or a voice."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lipsync_core import (
    Brief,
    Item,
    Job,
    JobState,
    KeptMedium,
    LibraryError,
    MediumFacts,
    NotAllowedError,
    Qualifier,
    Quote,
    Role,
    Root,
    Settings,
    Studio,
)
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs, media
from lipsync_core.job import NEEDS_MEDIA
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.media.store import MediaStore
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.oidc import claims_of, secrets_file

STOCKED = pytest.mark.usefixtures("stocked")
"""For tests in which it does not matter what else is stored."""

ANA, BEN, EVE = "ana@studio.test", "ben@studio.test", "eve@studio.test"


def voice(studio: Studio, seconds: float = 0.3, by: str = "ana") -> MediumFacts:
    return studio.desk(by).media.keep(corpus.wav(seconds=seconds), "audio", f"{seconds} s.wav")


def face(studio: Studio, by: str = "ana") -> MediumFacts:
    return studio.desk(by).media.keep(PORTRAITS[0].path, "image", "face.jpg")


def kept(facts: MediumFacts) -> KeptMedium:
    return KeptMedium(facts.sha256, facts.name)


def brief_in(studio: Studio, brief_id: str) -> Brief:
    open_brief = studio.desk().briefs.open(brief_id)
    assert open_brief is not None
    return open_brief.brief


def rendered(studio: Studio, image: MediumFacts, audio: MediumFacts, by: str = "ana") -> Job:
    brief = Brief(engine="draft/portrait", image=kept(image), audio=kept(audio))
    return studio.wait(studio.submit(brief, by=by).id, timeout_s=600)


class Rows:
    """The ledger's rows, changed behind the studio's back, and the files on disk."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.database_url)
        self.store = MediaStore(settings.media_dir, self.database)
        self._folder = settings.media_dir

    def add(self, brief: Brief, engine: str = "joypix/motion-2", by: str = "ana", **values: Any) -> Job:
        """A job that nobody tends."""
        quote = Quote(engine, 0, None, None, "free", Qualifier.EXACT, 2.0, 4.0)
        job = Ledger(self.database).add(NewJob(brief, quote, by=by))
        if values:
            self.put(job, **values)
        return job

    def put(self, job: Job, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))

    def files(self) -> dict[Path, str]:
        """Every file that is stored, also by the sandbox, with the SHA-256 of what it holds."""
        found = [path for path in self._folder.rglob("*") if path.is_file() and ".db" not in path.name]
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def rows(environment: dict[str, str], tmp_path: Path) -> Rows:
    return Rows(Settings.from_env(environment, dotenv=tmp_path / "no.env"))


# Entries


@STOCKED
def test_an_entry_tells_by_name_and_project_where_it_came_from_and_what_is_known_of_consent(studio: Studio) -> None:
    facts = studio.desk("ana").media.keep(corpus.png(), "image", "photo.jpg", came="photo")
    item = studio.library.keep(facts, name="  Ana  M. ", project="Weekly", consent="Signed 3 May.\n", by="ben")
    assert (item.name, item.project, item.consent, item.by) == ("Ana M.", "Weekly", "Signed 3 May.", "ben")
    assert (item.kind, item.came, item.came_from, item.medium) == ("image", "photo", "photo.jpg", facts)
    assert studio.library.item(item.id) == studio.library.find("image", facts.sha256) == item
    studio.library.change(item.id, name="Ana", project="", consent="Withdrawn", by="ana")
    now = studio.library.item(item.id)
    assert (now.name, now.project, now.consent, now.came) == ("Ana", "", "Withdrawn", "photo")
    assert [entry.did for entry in studio.audit.entries(limit=9)] == ["changed in the library", "added to the library"]


@STOCKED
def test_how_something_came_is_known_by_what_happened_first(studio: Studio) -> None:
    whole = studio.desk().media.keep(corpus.wav(seconds=1.0), "audio", "talk.wav", came="recording")
    again = studio.desk().media.keep(corpus.wav(seconds=1.0), "audio", "other.wav")
    part = studio.desk().media.trim(whole, 0.2, 0.7)
    video = studio.desk().media.facts(
        KeptMedium(str(rendered(studio, face(studio), part).output_sha256), "v.mp4"), "video"
    )
    assert video is not None

    def came(facts: MediumFacts) -> tuple[str, str]:
        item = studio.library.keep(facts, name="x", by="ana")
        return item.came, item.came_from

    assert came(again) == ("recording", "talk.wav")
    assert came(part) == ("part", "other.wav")
    assert came(video) == ("job", "1")


@STOCKED
def test_what_the_team_used_last_stands_first_and_a_project_s_own_before_it(studio: Studio) -> None:
    for number in range(3):
        studio.library.keep(voice(studio, 0.3 + number / 10), name=f"Voice {number}", project=f"P{number}", by="ana")
    portrait = studio.library.keep(face(studio), name="Portrait_1", by="ana")
    kept_ms = now_ms()
    while now_ms() == kept_ms:  # the ledger's clock is no finer
        time.sleep(0.001)
    studio.library.used(1)

    def names(**which: Any) -> list[str]:
        return [item.name for item in studio.library.items(**which)]

    assert names() == ["Voice 0", "Portrait_1", "Voice 2", "Voice 1"]
    assert names(kinds=["audio"], first="P1", limit=2) == ["Voice 1", "Voice 0"]
    assert names(text="_1") == names(kinds=["image"]) == [portrait.name]
    assert names(text="p2") == names(project="P2") == ["Voice 2"]
    assert (studio.library.count(text="voice"), studio.library.projects()) == (3, ["P0", "P1", "P2"])


@STOCKED
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"name": " \n"}, "Give it a name"),
        ({"name": "x" * 121}, "up to 120 characters"),
        ({"name": "x", "project": "p" * 121}, "up to 120 characters"),
        ({"name": "x", "consent": "c" * 2001}, "up to 2,000 characters"),
    ],
)
def test_an_entry_without_a_name_or_with_a_book_for_one_is_refused(
    studio: Studio, words: dict[str, str], why: str
) -> None:
    with pytest.raises(LibraryError, match=why):
        studio.library.keep(voice(studio), by="ana", **words)
    assert studio.library.count() == 0


@STOCKED
def test_what_is_in_the_library_is_named_where_somebody_puts_it_there_again(studio: Studio) -> None:
    studio.library.keep(face(studio), name="Grace", by="ana")
    with pytest.raises(LibraryError, match="already, as “Grace”"):
        studio.library.keep(face(studio), name="Hopper", by="ben")


@STOCKED
def test_an_entry_goes_into_the_brief_at_hand_where_that_has_a_free_place(studio: Studio) -> None:
    sound, picture = voice(studio), face(studio)
    items = [studio.library.keep(sound, name="Voice", by="ana"), studio.library.keep(picture, name="Face", by="ana")]
    studio.desk("ana").briefs.change("at-hand", scene="dialog", left_audio=sound)
    assert [studio.library.use(item.id, by="ana", brief_id="at-hand") for item in items] == ["at-hand"] * 2
    brief = brief_in(studio, "at-hand")
    assert (brief.right_audio, brief.image) == (kept(sound), kept(picture))
    other = studio.library.use(items[0].id, by="ana", brief_id="at-hand")  # both voices are there
    assert other != "at-hand"
    begun = brief_in(studio, other)
    assert (begun.scene, begun.audio, begun.image) == ("portrait", kept(sound), None)


@STOCKED
def test_a_presenter_is_an_entry_of_the_sandbox_or_of_real_life(studio: Studio) -> None:
    item = studio.library.keep_presenter("p-1", None, vendor="Creatify", name="Grace", sandbox=True, by="ana")
    assert (item.kind, item.came, item.came_from, item.gone) == ("creator", "vendor", "Creatify", False)
    assert studio.library.items() == []
    assert studio.library.find("creator", "p-1") is None
    assert studio.library.items(sandbox=True) == [studio.library.find("creator", "p-1", sandbox=True)]
    brief = brief_in(studio, studio.library.use(item.id, by="ana"))
    assert (brief.scene, brief.creator) == ("presenter", "p-1")


def test_a_clean_up_by_age_leaves_what_the_library_names(studio: Studio, rows: Rows) -> None:
    item = studio.library.keep(voice(studio), name="Voice", by="ana")
    with rows.database.write() as connection:
        connection.execute(update(media).values(arrived_ms=1))
    assert studio.cleanup.preview(days=30).media == ()
    studio.library.take_out(item.id, by="ana")
    assert [facts.name for facts in studio.cleanup.preview(days=30).media] == ["0.3 s.wav"]


def test_a_copy_in_another_format_is_used_when_what_it_is_made_of_is(studio: Studio, rows: Rows) -> None:
    whole = voice(studio)
    copy = rows.store.keep(corpus.wav(seconds=0.5), "audio", "copy.wav", listed=False, made_of=whole)
    rows.store.note_copy(whole, "as the engine takes it", copy.sha256)
    assert studio.cleanup.preview(days=1).media == ()  # nobody brought the copy, but the voice was brought today
    job = rows.add(Brief(audio=kept(whole)), created_ms=1)
    with rows.database.write() as connection:
        connection.execute(update(media).where(media.c.sha256 == whole.sha256).values(arrived_ms=1))
    assert studio.cleanup.preview(days=1).media == ()  # the vendor may be about to fetch it
    rows.put(job, state=JobState.WITHDRAWN)
    both = {whole.sha256, copy.sha256}
    assert {facts.sha256 for facts in studio.cleanup.preview(days=1).media} == both
    found = studio.eraser.traces(Root(sha256=copy.sha256, kind="audio"))
    assert {facts.sha256 for facts in found.media} == both


# Deleting for good


def of(item: Item) -> Root:
    return Root(item.id)


def test_every_file_and_video_of_a_face_is_found_shown_and_gone(studio: Studio, rows: Rows) -> None:
    portrait, sound = face(studio), voice(studio)
    job = rendered(studio, portrait, sound)
    other = rendered(studio, studio.desk().media.keep(PORTRAITS[2].path, "image", "mira.png"), sound)
    item = studio.library.keep(portrait, name="Grace", by="ana")
    review = studio.sharing.review_link(job, by="ana")
    shown = studio.eraser.traces(of(item))
    assert (shown.name, shown.jobs, shown.videos, shown.entries) == ("Grace", (job.id,), (job.id,), ("Grace",))
    assert [(facts.sha256, facts.name) for facts in shown.media] == [
        (portrait.sha256, "face.jpg"),
        (job.output_sha256, f"Video of job {job.id}"),
    ]
    assert (shown.staying, shown.waiting, shown.vendors) == ((), (), ())
    before = rows.files()
    left = studio.eraser.erase(shown, by="ana")
    assert (left.media, left.jobs) == ((), ())
    gone = before.keys() - rows.files().keys()
    assert len(gone) == 4  # the picture, its two small ones, and the video
    assert {path.name[:64] for path in gone} == {portrait.sha256, job.output_sha256}
    assert studio.library.items() == []
    now = studio.job(job.id)
    assert (now.state, now.output_sha256, studio.desk().media.output_link(now)) == (JobState.DONE, None, None)
    assert "cleaned up" in studio.history(job.id)[-1].note
    assert studio.history(job.id)[-1].by == "ana"
    assert review is not None
    assert studio.sharing.reviewed(review.rsplit("/", 1)[-1]) is None
    assert studio.job(other.id).output is not None
    told = next(entry for entry in studio.audit.entries(limit=9) if entry.kind == "media")
    assert (told.by, told.about) == ("ana", "Grace")
    assert f'"jobs": [{job.id}]' in told.before


@STOCKED
def test_a_voice_is_followed_to_its_parts_its_videos_and_what_was_made_of_those(studio: Studio, rows: Rows) -> None:
    whole = voice(studio, 1.0)
    part, portrait = studio.desk().media.trim(whole, 0.1, 0.5), face(studio)
    job = rendered(studio, portrait, part)
    assert job.output is not None
    video = studio.desk().media.keep(job.output, "video", "clip.mp4")
    sound = studio.desk().media.keep(job.output, "audio", "clip.mp4")
    replaced = rows.add(Brief(scene="redub", video=kept(video), audio=kept(voice(studio, 0.4))), state=JobState.LOST)
    heard = rows.add(Brief(image=kept(portrait), audio=kept(sound)), state=JobState.FAILED, sent_ms=1)
    found = studio.eraser.traces(of(studio.library.keep(part, name="Ana", by="ana")))
    assert {(facts.sha256, facts.kind) for facts in found.media} == {
        (facts.sha256, facts.kind) for facts in (whole, part, video, sound)
    }
    assert (found.jobs, found.videos, found.vendors) == ((job.id, heard.id), (job.id,), ("joypix",))
    seen = studio.eraser.traces(Root(sha256=portrait.sha256, kind="image"))
    assert seen.jobs == (job.id, replaced.id, heard.id)


@STOCKED
def test_what_a_job_still_needs_stays_with_its_entry_until_the_job_is_over(studio: Studio, rows: Rows) -> None:
    portrait = face(studio)
    item = studio.library.keep(portrait, name="Grace", by="ana")
    brief = Brief(image=kept(portrait), audio=kept(voice(studio)))
    done = rows.add(brief, engine="draft/portrait", state=JobState.DONE, output_sha256="e" * 64)
    waits = rows.add(brief)
    shown = studio.eraser.traces(of(item))
    assert (shown.media, shown.entries) == ((), ())
    assert ([facts.sha256 for facts in shown.staying], shown.waiting) == ([portrait.sha256], (waits.id,))
    for state in NEEDS_MEDIA:
        rows.put(waits, state=state)
        assert studio.eraser.erase(shown, by="ana") == shown
    rows.put(waits, state=JobState.WITHDRAWN)
    shown = studio.eraser.traces(of(item))
    assert (shown.jobs, shown.entries) == ((done.id, waits.id), ("Grace",))
    assert studio.eraser.erase(shown, by="ana").jobs == ()
    assert studio.library.count() == 0


@STOCKED
def test_what_came_to_be_needed_or_made_after_it_was_shown_stays(studio: Studio, rows: Rows) -> None:
    portrait, sound = face(studio), voice(studio)
    item = studio.library.keep(portrait, name="Grace", by="ana")
    shown = studio.eraser.traces(of(item))
    job = rendered(studio, portrait, sound)
    left = studio.eraser.erase(shown, by="ana")
    assert ([facts.sha256 for facts in left.media], left.entries) == ([job.output_sha256], ("Grace",))
    rows.add(Brief(scene="redub", video=KeptMedium(str(job.output_sha256), "v.mp4")))
    assert studio.eraser.erase(left, by="ana").staying == left.media
    assert studio.job(job.id).output is not None


@STOCKED
def test_what_stays_of_a_file_that_is_gone_is_told(studio: Studio, rows: Rows) -> None:
    whole = voice(studio, 1.0)
    part = studio.desk().media.trim(whole, 0.1, 0.5)
    rows.add(Brief(audio=kept(part)))
    shown = studio.eraser.traces(Root(sha256=whole.sha256, kind="audio"))
    assert (shown.media, shown.staying) == ((whole,), (part,))
    left = studio.eraser.erase(shown, by="ana")
    assert (left.media, left.staying) == ((), (part,))
    with pytest.raises(LibraryError, match="no longer here"):
        studio.eraser.traces(shown.root)


@STOCKED
def test_a_presenter_s_videos_go_and_its_entry(studio: Studio, rows: Rows) -> None:
    item = studio.library.keep_presenter("p-1", face(studio), vendor="Creatify", name="Grace", by="ana")
    with pytest.raises(LibraryError, match="already"):
        studio.library.keep_presenter("p-1", None, vendor="Creatify", name="G", by="ana")
    video = studio.desk().media.keep(corpus.video(0.5), "video", "v.mp4")
    made = {"engine": "creatify/lipsync", "state": JobState.DONE, "output_sha256": video.sha256}
    job = rows.add(Brief(scene="presenter", creator="p-1", text="Hello"), **made)
    rows.add(Brief(scene="presenter", creator="p-2", text="Hello"), engine="creatify/lipsync", state=JobState.FAILED)
    shown = studio.eraser.traces(of(item))
    assert ([facts.sha256 for facts in shown.media], shown.jobs) == ([video.sha256], (job.id,))
    assert shown.entries == ("Grace",)
    studio.eraser.erase(shown, by="ana")
    assert (studio.library.count(), studio.job(job.id).output_sha256) == (0, None)
    with pytest.raises(LibraryError, match="no longer in the library"):
        studio.eraser.traces(of(item))


@STOCKED
def test_the_sandbox_s_own_copies_go_too(environment: dict[str, str], tmp_path: Path) -> None:
    variables = environment | {"STUDIO_SANDBOX": "1", "STUDIO_SANDBOX_SPEED": "500"}
    settings = Settings.from_env(variables, dotenv=tmp_path / "no.env")
    studio, rows = Studio(settings), Rows(settings)
    portrait = face(studio)
    brief = Brief(engine="joypix/motion-2", image=kept(portrait), audio=kept(voice(studio)))
    job = studio.wait(studio.submit(brief, by="ana").id, timeout_s=600)
    assert job.output_sha256 is not None
    theirs = {portrait.sha256, job.output_sha256}
    assert sum(digest in theirs for digest in rows.files().values()) == 4  # ours, and the sandbox's
    studio.eraser.erase(studio.eraser.traces(Root(sha256=portrait.sha256, kind="image")), by="ana")
    assert theirs.isdisjoint(rows.files().values())


# Who may


@pytest.fixture
def team(environment: dict[str, str], tmp_path: Path) -> Studio:
    """Ana is the admin; Ben and Eve are makers."""
    signed_in = {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": ANA,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
    }
    studio = Studio(Settings.from_env(environment | signed_in, dotenv=tmp_path / "no.env"))
    for email in (ANA, BEN, EVE):
        studio.people.enter(claims_of(email))
    for email in (BEN, EVE):
        studio.people.set_role(email, Role.MAKER, by=ANA)
    return studio


@STOCKED
def test_a_maker_takes_out_and_deletes_only_what_is_altogether_their_own(team: Studio) -> None:
    portrait = face(team, by=BEN)
    item = team.library.keep(portrait, name="Grace", by=BEN)
    with pytest.raises(NotAllowedError, match="somebody else’s"):
        team.library.take_out(item.id, by=EVE)
    job = rendered(team, portrait, voice(team, by=EVE), by=EVE)
    shown = team.eraser.traces(of(item))
    with pytest.raises(NotAllowedError, match="somebody else’s"):
        team.eraser.erase(shown, by=BEN)
    assert team.job(job.id).output is not None
    assert team.eraser.erase(shown, by=ANA).media == ()
    own = team.library.keep(voice(team, 0.4, by=BEN), name="Ben", by=BEN)
    assert team.eraser.erase(team.eraser.traces(of(own)), by=BEN).media == ()
    assert team.library.count() == 0


@STOCKED
def test_a_viewer_keeps_nothing_and_only_an_admin_cleans_up(team: Studio) -> None:
    sound = voice(team, by=BEN)
    team.people.set_role(EVE, Role.VIEWER, by=ANA)
    with pytest.raises(NotAllowedError, match="Viewers cannot create clips"):
        team.library.keep(sound, name="Voice", by=EVE)
    going = team.cleanup.preview(days=1)
    with pytest.raises(NotAllowedError, match=r"cannot clean up\. Ask an admin"):
        team.cleanup.clean(going, by=BEN)
    team.cleanup.clean(going, by=ANA)
