"""Every page through Streamlit's own test harness; titles are asserted, because an empty page raises nothing."""

from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, Override, Studio
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame

pytestmark = pytest.mark.usefixtures("stocked")

SCRIPT = str(ROOT / "pages" / "navigation.py")


@pytest.fixture(autouse=True)
def own_studio(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the pages at the test's own folder."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()


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
    assert [header.value for header in app.header][: len(slots)] == slots


def test_the_options_are_those_of_the_chosen_engine(studio: Studio) -> None:
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0004", scene="redub", audio=voice, engine="lipsync-studio/lipsync-video")
    app = visit(brief="brief-0004")
    fine_print = "About this price and wait"
    assert [expander.label for expander in app.expander] == ["More options: prompt, seed, mask", fine_print]
    app.radio(key="brief-0004.engine").set_value("aimlapi/pixverse-lip-sync").run()
    assert [expander.label for expander in app.expander] == [fine_print]
    assert "Size" not in [radio.label for radio in app.radio]
    open_brief = studio.desk().briefs.open("brief-0004")
    assert open_brief is not None
    assert open_brief.brief.engine == "aimlapi/pixverse-lip-sync"


def test_the_lowest_known_price_is_marked_once_two_are_known(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    studio.desk("ana").briefs.change("brief-0005", image=image, audio=voice)

    def marked() -> list[str]:
        lines = visit(brief="brief-0005").radio(key="brief-0005.engine").options
        return [line.partition(" · ")[0] for line in lines if "Lowest known price" in line]

    assert marked() == []
    studio.desk().rates.set("lipsync-studio", Override(usd_per_credit=Decimal("0.01")))
    assert marked() == ["**lipsync.studio image**"]


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
    assert any("The real price would be about" in caption.value for caption in app.caption)
    button.click().run()
    (job,) = studio.jobs()
    assert (job.engine, job.sandbox, job.can_withdraw) == ("joypix/motion-2", True, True)


def test_one_job_shows_its_facts(studio: Studio) -> None:
    brief = Brief(engine="draft/portrait", image=Path(PORTRAITS[0].path), audio=Path(VOICES[0].path), name="Weekly")
    job = studio.submit(brief, by="ana")
    app = visit("jobs.py")
    app.query_params["job"] = str(job.id)
    app.run()
    assert [title.value for title in app.title] == ["Jobs"]
    assert "Weekly" in [header.value for header in app.header]
