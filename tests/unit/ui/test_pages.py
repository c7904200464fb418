"""Every page through Streamlit's own test harness; titles are asserted, because an empty page raises nothing."""

import socket
from decimal import Decimal
from html import unescape
from itertools import product
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, MediaError, Override, Studio
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame
from pages.ui.component_key import component_key
from pages.ui.text import plain
from tests import corpus
from tests.unit.ui.engines import choose, listed

pytestmark = pytest.mark.usefixtures("stocked", "own_studio")

SCRIPT = str(ROOT / "pages" / "navigation.py")


def visit(page: str | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page is not None:
        app.switch_page(page).run()
    assert not app.exception
    return app


def test_create_is_the_first_page_and_offers_the_sample() -> None:
    app = visit()
    assert [title.value for title in app.title] == ["Create"]
    assert "Render the sample" in [button.label for button in app.button]


def test_jobs_says_that_there_are_none() -> None:
    app = visit("jobs.py")
    assert [title.value for title in app.title] == ["Jobs"]
    assert any("No jobs yet" in caption.value for caption in app.caption)


@pytest.mark.parametrize("brief_id", ["brief_0001", "brief__0001", "__brief___", "______"])
def test_a_brief_s_id_may_hold_whatever_an_address_does(studio: Studio, brief_id: str) -> None:
    visit(brief=brief_id)
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change(brief_id, image=image, audio=audio)
    assert "Render free draft" in [button.label for button in visit(brief=brief_id).button]


def test_a_component_s_key_is_its_own() -> None:
    keys = ["".join(letters) for letters in product("_-a", repeat=5)]
    made = {component_key(key) for key in keys}
    assert len(made) == len(keys)
    assert not any("__" in key for key in made)


def test_while_the_media_bucket_is_away_every_page_says_what_waits(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "STUDIO_MEDIA_URL": "s3://clips",
        "STUDIO_MEDIA_CACHE": environment["STUDIO_MEDIA_URL"],
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "studio",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()
    assert not any("bucket" in one.value for one in visit("jobs.py").warning)
    with pytest.raises(MediaError):
        frame.studio().desk("ana").media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    for page in ("jobs.py", "spend.py"):
        (told,) = [unescape(one.value) for one in visit(page).warning if "bucket" in one.value]
        assert "Jobs that need the bucket wait, and nothing is lost." in told
        assert "hush" not in told
    frame.studio.clear()


def test_a_brief_in_the_address_fills_the_form(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0001", image=image, audio=audio, name="Weekly", resolution="720p", seed=5)
    app = visit(brief="brief-0001")
    assert [title.value for title in app.title] == ["Create"]
    assert app.text_input(key="brief-0001.name").value == "Weekly"
    assert app.radio(key="brief-0001.resolution").value == "720p"
    assert "Render free draft" in [button.label for button in app.button]


def test_what_is_too_long_to_be_kept_is_refused_on_the_page_and_the_rest_stays(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    studio.desk("ana").briefs.change("brief-0001", image=image, engine="joypix/motion-2", project="Weekly")
    app = visit(brief="brief-0001")
    app.text_input(key="brief-0001.project").set_value("  Weekly\u202e  news ").run()
    assert app.text_input(key="brief-0001.project").value == "Weekly news"
    app.session_state["brief-0001.more"] = True
    app.run()
    app.text_input(key="brief-0001.prompt").set_value("x" * 6_000).run()
    assert not app.exception
    assert any("Keep the prompt to 5&#44;000 characters" in error.value for error in app.error)
    opened = studio.desk().briefs.open("brief-0001")
    assert opened is not None
    assert (opened.brief.prompt, opened.brief.project) == ("", "Weekly news")


@pytest.mark.parametrize("brief", ["../../etc", "x", "a" * 99, "<script>"])
def test_a_brief_id_that_cannot_be_one_is_passed_over(brief: str) -> None:
    assert [title.value for title in visit(brief=brief).title] == ["Create"]


def test_pressing_render_makes_one_pending_job_with_the_visitors_name(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0002", image=image, audio=audio)
    app = visit(brief="brief-0002")
    next(button for button in app.button if button.label == "Render free draft").click().run()
    (job,) = studio.jobs()
    assert (job.by, job.pending) == ("Ana", True)
    assert any("Queued" in markdown.value for markdown in app.markdown)


@pytest.mark.parametrize(
    ("scene", "slots"),
    [
        ("portrait", ["Picture", "Voice"]),
        ("dialog", ["Picture", "Left voice", "Right voice"]),
        ("redub", ["Video", "New voice"]),
        ("presenter", ["Presenter", "Voice"]),
    ],
)
def test_each_scene_has_its_slots(studio: Studio, scene: str, slots: list[str]) -> None:
    studio.desk("ana").briefs.change("brief-0003", scene=scene)
    app = visit(brief="brief-0003")
    assert [header.value for header in app.header][: len(slots) + 1] == ["Make it say something", *slots]


def test_two_people_speak_in_turn_unless_one_chooses_otherwise(studio: Studio) -> None:
    app = visit(brief="brief-0009")
    app.radio(key="brief-0009.scene").set_value("dialog").run()
    assert not app.exception
    opened = studio.desk().briefs.open("brief-0009")
    assert opened is not None
    assert opened.brief.order == "left_right"


def test_the_options_are_those_of_the_chosen_engine(studio: Studio) -> None:
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0004", scene="redub", audio=voice, engine="lipsync-studio/lipsync-video")
    app = visit(brief="brief-0004")
    form = "Your clip"
    assert [expander.label for expander in app.expander] == [form, "More options: prompt, seed, mask"]
    choose(app, "aimlapi/pixverse-lip-sync")
    assert [expander.label for expander in app.expander] == [form]
    assert "Size" not in [radio.label for radio in app.radio]
    open_brief = studio.desk().briefs.open("brief-0004")
    assert open_brief is not None
    assert open_brief.brief.engine == "aimlapi/pixverse-lip-sync"


def test_the_lowest_known_price_is_marked_once_two_are_known(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0005", image=image, audio=voice)

    def marked() -> list[str]:
        return [row["name"] for row in listed(visit(brief="brief-0005")).values() if row["mark"] == "lowest price"]

    assert marked() == []
    studio.desk().rates.set("lipsync-studio", Override(usd_per_credit=Decimal("0.01")))
    assert marked() == ["lipsync.studio image"]


def test_an_engine_is_a_name_a_price_a_wait_and_how_far_the_price_holds(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = studio.desk().media.keep(corpus.wav(seconds=7.0), "audio", "voice.wav")
    studio.desk("ana").briefs.change("brief-0006", image=image, audio=voice)
    rows = listed(visit(brief="brief-0006")).values()
    assert [(row["name"], row["price"], row["words"]) for row in rows] == [
        ("Draft engine", "free", ["draft"]),
        ("JoyPix Motion-2", "$0.30", ["estimate"]),
        ("lipsync.studio image", "14 credits", ["price not set"]),
    ]
    assert [row["note"] for row in rows][1:] == ["2 blocks of 5 s; $0.15 up to 5 s.", "Billed as 7 s."]
    assert [row["spoken"] for row in rows][1] == "JoyPix Motion-2, $0.30, about 2 min, estimate, no key"


def test_a_price_that_is_not_set_leads_to_where_it_is_set(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0008", image=image, audio=voice)

    def links() -> list[str]:
        found = visit(brief="brief-0008").get("page_link")
        return [f"{link.proto.label} {link.proto.query_string}" for link in found if "price" in link.proto.label]

    assert links() == [f"Set the price of {plain('lipsync.studio')} rate=lipsync-studio"]
    studio.desk().rates.set("lipsync-studio", Override(usd_per_credit=Decimal("0.01")))
    assert links() == []


def test_rates_that_cannot_be_read_are_named_and_the_page_stands(studio: Studio, environment: dict[str, str]) -> None:
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0007", audio=voice)
    (Path(environment["STUDIO_MEDIA_URL"]).parent / "rates.toml").write_text("[joypix]\nusd_per_credit = nonsense\n")
    app = visit(brief="brief-0007")
    assert any("not valid TOML" in error.value for error in app.error)
    assert not any(button.label.startswith("Render free") for button in app.button)


def test_providers_says_where_the_rates_in_force_are_from_and_that_an_edited_file_is_not_yet(
    environment: dict[str, str],
) -> None:
    file = Path(environment["STUDIO_MEDIA_URL"]).parent / "rates.toml"
    file.parent.mkdir(exist_ok=True)
    assert not any("kept in the ledger" in caption.value for caption in visit("providers.py").caption)
    file.write_text("[creatify]\nplan = 'pro'\n")
    app = visit("providers.py")
    kept = "The rates are kept in the ledger, for all servers that share it. Last "
    assert any(f"{kept}read from rates&#46;toml, today " in caption.value for caption in app.caption)
    assert not any("toml" in warning.value for warning in app.warning)
    frame.studio.clear()  # which starts the studio again
    visit("providers.py")
    file.write_text(file.read_text().replace("pro", "starter"))
    app = visit("providers.py")
    said = [warning.value for warning in app.warning if "toml" in warning.value]
    assert len(said) == 1
    assert said[0].startswith("rates&#46;toml was edited&#46; The change counts once the studio is restarted&#46;")
    app.selectbox(key="creatify_plan").select(app.selectbox(key="creatify_plan").options[0]).run()
    assert any(f"{kept}changed by Ana, today " in caption.value for caption in app.caption)


def test_a_rate_that_somebody_else_changed_meanwhile_is_not_replaced_unseen(studio: Studio) -> None:
    app = visit("providers.py")
    studio.desk("Ben").rates.set("creatify", Override(plan="starter", by="Ben"))
    plans = app.selectbox(key="creatify_plan").options
    (pro,) = [plan for plan in plans if plan.startswith("Pro")]
    app.selectbox(key="creatify_plan").select(pro).run()
    assert any("creatify was changed by Ben while you were looking at it" in error.value for error in app.error)
    assert studio.rates().overrides["creatify"].plan == "starter"
    app.selectbox(key="creatify_plan").select(pro).run()
    assert studio.rates().overrides["creatify"].plan == "pro"


def test_in_the_sandbox_the_button_says_so_and_the_real_price_stands_below(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_SANDBOX", "1")
    frame.studio.clear()
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0006", image=image, audio=voice, engine="joypix/motion-2")
    app = visit(brief="brief-0006")
    button = next(button for button in app.button if button.label == r"Render in sandbox · \$0.00")
    assert not button.disabled
    assert any(plain("Free in the sandbox (real price about $0.15).") in caption.value for caption in app.caption)
    button.click().run()
    (job,) = studio.jobs()
    assert (job.engine, job.sandbox, job.can_withdraw) == ("joypix/motion-2", True, True)


def test_one_job_shows_its_facts(studio: Studio) -> None:
    brief = Brief(engine="draft/portrait", image=Path(PORTRAITS[0].path), audio=Path(VOICES[0].path), name="Weekly")
    job = studio.submit(brief, by="ana")
    app = visit("jobs.py")
    app.query_params["job"] = str(job.id)
    app.run()
    assert [title.value for title in app.title] == ["Weekly"]
    assert {"Free", "Draft engine, 480p", "grace_hopper.jpg"} <= {text.value for text in app.text}
