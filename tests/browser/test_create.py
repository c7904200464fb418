"""Create, in a real browser: from two files to a playing video, and nothing is ever lost on the way."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import av
import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lipsync_core import PAIRS, PRESS, Filter, JobState, Studio
from tests import corpus
from tests.browser.visit import (
    FIRST,
    PORTRAIT,
    SAMPLES,
    finished,
    go_back_to,
    open_page,
    press,
    put_file,
    settle,
    slot,
    unfold,
    upload,
    waits,
)
from tests.sandbox import as_live
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.places]

VOICE = SAMPLES / "voice_en_clear.flac"

NOWHERE = "http://127.0.0.1:9"
"""Where nobody listens: whatever were sent by mistake would reach no vendor."""


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The usual studio, without a key; with the variables that a test names."""
    return environment | getattr(request, "param", {})


FRAMES = """async (box) => {
  const video = document.querySelector('video'), canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const looks = [];
  for (let at = 0.1; at < video.duration - 0.1; at += 0.2) {
    video.currentTime = at;
    await new Promise(done => video.addEventListener('seeked', done, {once: true}));
    context.drawImage(video, 0, 0);
    const part = ([x, y, w, h]) => context.getImageData(
      x * canvas.width, y * canvas.height, w * canvas.width, h * canvas.height).data;
    looks.push([part(box.mouth), part(box.corner)]);
  }
  const spread = (which) => {
    let most = 0;
    for (const look of looks) {
      let sum = 0;
      for (let i = 0; i < look[which].length; i++) sum += Math.abs(look[which][i] - looks[0][which][i]);
      most = Math.max(most, sum / look[which].length);
    }
    return most;
  };
  return {mouth: spread(0), corner: spread(1), looks: looks.length};
}"""


def test_two_files_become_a_video_whose_mouth_moves_and_whose_corner_does_not(page: Page, ledger: Studio) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    expect(slot(page, "image")).to_contain_text("512 × 600 · face found")
    expect(slot(page, "audio")).to_contain_text("4.4 s")
    press(page, "Render free draft")
    finished(page)
    duration = page.evaluate("() => document.querySelector('video').duration")
    voice = ledger.desk().media.facts(next(ledger.jobs()).brief.audio, "audio")
    assert voice is not None
    assert duration == pytest.approx(voice.duration_s, abs=0.041)
    # Grace Hopper's mouth in her portrait, and its upper right corner, as parts of the frame
    moved = page.evaluate(FRAMES, {"mouth": [0.40, 0.40, 0.16, 0.08], "corner": [0.92, 0.0, 0.08, 0.08]})
    assert moved["looks"] > 15
    assert moved["mouth"] > 6
    assert moved["corner"] < 1.5


def test_two_files_that_arrive_at_the_same_moment_are_both_kept(page: Page) -> None:
    open_page(page)
    put_file(page, "image", PORTRAIT)
    put_file(page, "audio", VOICE)  # cuts off the run that takes the picture
    expect(slot(page, "image")).to_contain_text("face found")
    expect(slot(page, "audio")).to_contain_text("4.4 s")
    speaking = slot(page, "image").locator(".moving")
    expect(speaking).to_have_attribute("data-moving", "ready")  # its mouth opens a few times


def test_the_sample_is_one_click_from_an_empty_studio(page: Page) -> None:
    open_page(page)
    expect(page.locator(".moving canvas")).to_be_visible()  # it moves by itself
    page.get_by_role("button", name="Pause: A drawn woman who speaks").click()
    expect(page.get_by_role("button", name="Play: A drawn woman who speaks")).to_be_visible()
    press(page, "Render the sample")
    finished(page)
    expect(page.get_by_role("heading", name=FIRST)).to_have_count(0)
    page.reload()
    finished(page)


def test_the_draft_downloads_under_a_name_people_understand_and_decodes(page: Page, tmp_path: Path) -> None:
    open_page(page)
    page.get_by_label("Project").fill("Großes Projekt")
    page.get_by_label("Project").press("Tab")
    upload(page, PORTRAIT, VOICE)
    page.get_by_label("Name", exact=True).fill("Weekly update / 47")
    page.get_by_label("Name", exact=True).press("Tab")
    settle(page)
    press(page, "Render free draft")
    finished(page)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download draft").click()
    assert started.value.suggested_filename.startswith("großes-projekt-weekly-update-47-draft-20")
    saved = tmp_path / "saved.mp4"
    started.value.save_as(saved)
    with av.open(str(saved)) as container:
        assert sum(1 for _ in container.decode(container.streams.video[0])) == 109


def test_reload_back_and_a_colleagues_link_keep_what_was_entered(page: Page, context: BrowserContext) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    page.get_by_label("Name", exact=True).fill("Weekly update")
    page.get_by_label("Name", exact=True).press("Tab")
    page.get_by_text("720p").click()
    settle(page)

    def all_there(tab: Page) -> None:
        expect(slot(tab, "image").get_by_text("grace_hopper.jpg")).to_be_visible()
        expect(slot(tab, "audio").get_by_text("voice_en_clear.flac")).to_be_visible()
        expect(tab.get_by_label("Name", exact=True)).to_have_value("Weekly update")
        expect(tab.get_by_role("radio", name="720p")).to_be_checked()

    page.reload()
    all_there(page)
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    page.get_by_role("link", name="Create", exact=True).click()
    all_there(page)
    go_back_to(page, r"/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    go_back_to(page, r"/\?brief=")
    all_there(page)
    colleague = context.new_page()
    colleague.goto(page.url)
    all_there(colleague)


def test_a_double_click_makes_one_job(page: Page, ledger: Studio) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    page.get_by_role("button", name="Render free draft").dblclick(delay=20)
    finished(page)
    assert ledger.count(Filter()) == 1


def test_a_bad_file_is_refused_beside_its_slot_and_the_other_slot_is_kept(page: Page, ledger: Studio) -> None:
    open_page(page)
    put_file(page, "image", PORTRAIT)
    expect(slot(page, "image").get_by_role("button", name="Replace")).to_be_visible()
    put_file(page, "audio", {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
    alert = slot(page, "audio").get_by_role("alert")
    expect(alert).to_contain_text("“voice.wav” is a picture (PNG)")
    expect(slot(page, "image").get_by_text("grace_hopper.jpg")).to_be_visible()
    assert ledger.count(Filter()) == 0
    assert ledger.desk().media.recent("audio") == []
    put_file(page, "audio", VOICE)
    expect(slot(page, "audio").get_by_role("button", name="Replace")).to_be_visible()
    expect(page.get_by_role("button", name="Render free draft")).to_be_enabled()


def test_a_file_is_taken_for_what_it_is_whatever_its_name(page: Page) -> None:
    open_page(page)
    jxl = {"name": "face.jxl", "mimeType": "image/jxl", "buffer": corpus.jxl()}
    photo = {"name": "IMG_0001", "mimeType": "", "buffer": corpus.heic_photo(turned=1)}
    message = {"name": "telegram.oga", "mimeType": "audio/ogg", "buffer": corpus.ogg(1.2)}
    put_file(page, "image", jxl)
    expect(slot(page, "image").get_by_role("alert")).to_contain_text("Export “face.jxl” as JPEG or PNG")
    put_file(page, "image", photo)
    expect(slot(page, "image").get_by_role("button", name="Replace")).to_be_visible()
    put_file(page, "audio", message)
    expect(slot(page, "audio").get_by_role("button", name="Replace")).to_be_visible()


def test_names_are_shown_as_typed_and_fetch_nothing(page: Page, tmp_path: Path) -> None:
    wild = "![x](http://canary.invalid/a.png) $a$ :smile: -> www.canary.invalid *b*"
    portrait = tmp_path / "![](http:..canary.invalid) $a$ 😀 `b`.jpg"
    portrait.write_bytes(PORTRAIT.read_bytes())
    open_page(page)
    upload(page, portrait, VOICE)
    expect(slot(page, "image").get_by_text(portrait.name, exact=True)).to_be_visible()
    page.get_by_label("Name", exact=True).fill(wild)
    page.get_by_label("Name", exact=True).press("Tab")
    settle(page)
    press(page, "Render free draft")
    finished(page)
    shown = page.locator(".st-key-result").inner_text().replace("\u2060", "")
    assert wild in shown
    page.get_by_role("link", name="Jobs").click()
    page.get_by_text("Cards", exact=True).click(delay=30)
    row = page.locator("[class*='st-key-row-']").first
    expect(row.get_by_role("link")).to_be_visible()
    assert wild in row.inner_text().replace("\u2060", "")
    assert page.locator("a[href*='canary']").count() == 0


def test_a_drawing_without_a_face_asks_for_the_mouth_and_keeps_the_box_with_the_job(
    page: Page, ledger: Studio, tmp_path: Path
) -> None:
    drawing = tmp_path / "drawing.png"
    drawing.write_bytes(corpus.png(width=400, height=400))
    open_page(page)
    upload(page, drawing, VOICE)
    expect(slot(page, "image").get_by_role("alert")).to_contain_text("Where is the mouth?")
    expect(page.get_by_role("button", name="Render free draft")).to_be_disabled()
    press(page, "Mark the mouth")
    dialog = page.get_by_role("dialog")
    slider = dialog.get_by_role("slider", name="Up – down")
    before = float(slider.input_value())
    slider.press("ArrowRight")
    assert float(slider.input_value()) > before
    expect(dialog.get_by_role("img", name="The picture with its mouth open")).to_be_visible()
    dialog.get_by_role("button", name="Save position").click(delay=30)
    expect(dialog).to_have_count(0)
    expect(slot(page, "image")).to_contain_text("mouth marked by hand")
    press(page, "Render free draft")
    finished(page)
    placed = next(ledger.jobs()).brief.mouth_box
    assert placed is not None
    assert (placed[1] + placed[3] / 2) / 400 * 100 == pytest.approx(before + 0.1, abs=0.1)


def test_who_speaks_is_chosen_by_a_number_and_a_mouth_is_dragged(page: Page) -> None:
    open_page(page)
    put_file(page, "image", PAIRS[0].path)
    press(page, "Adjust the mouth")
    dialog = page.get_by_role("dialog")
    opened = dialog.get_by_role("img", name="The picture with its mouth open")
    expect(opened).to_be_visible()
    across = dialog.get_by_role("slider", name="Left – right")
    other = dialog.get_by_role("button", name="Person 2 of 2")
    expect(other).to_have_attribute("aria-pressed", "false")
    other.click(delay=30)
    expect(other).to_have_attribute("aria-pressed", "true")
    assert float(across.input_value()) > 50
    expect(opened).to_be_visible()
    grip, view = dialog.locator(".close .grip").bounding_box(), dialog.locator(".close").bounding_box()
    assert grip is not None
    assert view is not None
    begun, x, y = float(across.input_value()), grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - view["width"] / 8, y, steps=3)
    page.mouse.up()
    assert float(across.input_value()) < begun - 2
    dialog.get_by_role("button", name="Save position").click(delay=30)
    expect(dialog).to_have_count(0)
    page.get_by_text("Two people", exact=True).click()
    press(page, "Adjust the mouths")
    expect(opened).to_be_visible()
    dialog.get_by_role("radio", name="Right person").check()
    dialog.get_by_role("slider", name="Left – right").fill("30")
    expect(dialog.get_by_role("alert")).to_contain_text("beside each other")
    expect(dialog.get_by_role("button", name="Save positions")).to_be_disabled()
    dialog.get_by_role("slider", name="Left – right").fill("80")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_role("button", name="Save positions").click(delay=30)
    expect(slot(page, "image")).to_contain_text("mouths marked by hand")


@pytest.mark.places(gate=True)
def test_a_voice_is_recorded_in_the_browser(page: Page, ledger: Studio) -> None:
    open_page(page)
    slot(page, "audio").get_by_role("button", name="Other sources").click()
    assert page.get_by_test_id("stAudioInput").count() == 0
    page.get_by_role("menuitem", name="Record a voice").click()
    recorder = page.get_by_test_id("stAudioInput")
    recorder.get_by_role("button", name="Record").click()
    expect(recorder).to_contain_text("00:01")
    recorder.get_by_role("button", name="Stop").click()
    expect(slot(page, "audio").get_by_text("recording.wav")).to_be_visible()
    assert ledger.desk().media.recent("audio")[0].duration_s > 0.5


def test_a_photo_is_taken_in_the_browser(page: Page, ledger: Studio) -> None:
    open_page(page)
    slot(page, "image").get_by_role("button", name="Other sources").click()
    assert page.get_by_test_id("stCameraInput").count() == 0
    page.get_by_role("menuitem", name="Take a photo").click()
    page.wait_for_function("() => document.querySelector('[data-testid=stCameraInput] video')?.readyState >= 2")
    page.get_by_test_id("stCameraInput").get_by_role("button", name="Take Photo").click()
    expect(slot(page, "image").get_by_text("photo.jpg")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (photo,) = ledger.desk().media.recent("image")
    assert (photo.name, photo.width, photo.height) == ("photo.jpg", 1920, 1080)


def test_a_pasted_link_into_this_network_is_refused_in_words(page: Page) -> None:
    open_page(page)
    slot(page, "image").get_by_role("button", name="Other sources").click()
    page.get_by_role("menuitem", name="Paste a link").click()
    field = page.get_by_label("Link to a picture")
    field.fill("http://169.254.169.254/latest/meta-data/face.png?token=hush")
    press(page, "Fetch")
    alert = slot(page, "image").get_by_role("alert")
    expect(alert).to_be_visible()
    assert "hush" not in alert.inner_text()


def test_a_link_to_a_page_of_a_file_service_is_told_what_to_do_about(page: Page) -> None:
    open_page(page)
    slot(page, "image").get_by_role("button", name="Other sources").click()
    page.get_by_role("menuitem", name="Paste a link").click()
    page.get_by_label("Link to a picture").fill("“we.tl/t-abc”")
    press(page, "Fetch")
    alert = slot(page, "image").get_by_role("alert")
    expect(alert).to_contain_text("Not a direct link")
    expect(alert).to_contain_text("leads to a page of WeTransfer, not to a file. Download the file")


def test_an_earlier_medium_and_a_sample_are_one_click(page: Page, ledger: Studio) -> None:
    open_page(page)
    page.get_by_role("button", name="Listen to English, deep").click()
    expect(page.get_by_role("button", name="Stop English, deep")).to_be_visible()
    expect(slot(page, "audio").get_by_role("button", name="Replace")).to_have_count(0)  # listening takes nothing
    slot(page, "image").get_by_text("Eileen Collins").click()
    expect(slot(page, "image").get_by_text("eileen_collins.png")).to_be_visible()
    slot(page, "image").get_by_role("button", name="Replace").click(delay=30)
    slot(page, "image").get_by_role("button", name="Other sources").click()
    page.get_by_role("menuitem", name="Recent").click()
    slot(page, "image").get_by_role("button", name="Use eileen").click(delay=30)
    expect(slot(page, "image").get_by_role("button", name="Adjust the mouth")).to_be_visible()
    assert len(ledger.desk().media.recent("image")) == 1


def test_the_name_of_the_visitor_is_remembered_and_put_on_their_jobs(page: Page, ledger: Studio) -> None:
    open_page(page)
    page.get_by_role("button", name="Someone").click()
    page.get_by_role("textbox", name="Your name").fill("Ana $x$")
    page.get_by_role("textbox", name="Your name").press("Enter")
    expect(page.get_by_role("button", name="Ana")).to_be_visible()
    page.wait_for_function("() => document.cookie.includes('studio_name=Ana')")
    page.reload()
    expect(page.get_by_role("button", name="Ana")).to_be_visible()
    press(page, "Render the sample")
    finished(page)
    assert next(ledger.jobs()).by == "Ana $x$"


@pytest.mark.command
def test_a_render_cut_off_by_kill_9_goes_on_after_the_restart_and_appears_once(
    page: Page, server: Server, ledger: Studio, environment: dict[str, str], tmp_path: Path
) -> None:
    voice = tmp_path / "long.wav"
    voice.write_bytes(corpus.wav(seconds=30, rate=16_000))
    open_page(page)
    upload(page, PORTRAIT, voice)
    press(page, "Render free draft")
    waits(page, lambda: any(job.frames_done for job in ledger.jobs()))
    workers = psutil.Process(server.pid).children()
    for worker in workers:
        worker.suspend()  # so that it is at work until the server is killed
    expect(page.get_by_text("frames")).to_be_visible()
    server.kill()
    for worker in workers:
        worker.resume()
    cut = next(ledger.jobs())
    assert cut.state is JobState.RENDERING
    with closing(sqlite3.connect(environment["STUDIO_DATABASE_URL"].removeprefix("sqlite:///"))) as rows, rows:
        rows.execute("UPDATE jobs SET lease_until_ms = 0")  # the seconds are over for which it was the dead server's
    server.start()
    page.goto(page.url)
    finished(page)
    job = ledger.job(cut.id)
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert [job.id for job in ledger.jobs()] == [cut.id]


def test_without_a_key_the_price_is_shown_and_the_way_to_a_key(page: Page) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    page.get_by_text("JoyPix Motion-2", exact=True).click()
    expect(page.get_by_role("radio", name="JoyPix Motion-2, $0.15, about 70 s, estimate, no key")).to_be_checked()
    expect(
        page.get_by_text(
            "Add JOYPIX_API_KEY to .env and restart the studio. "
            "The price is shown anyway; the draft and the sandbox need no key."
        )
    ).to_be_visible()
    expect(page.get_by_role("button", name="Try it in the sandbox, free")).to_be_enabled()
    page.get_by_text("Draft engine", exact=True).click()
    expect(page.get_by_role("button", name="Render free draft")).to_be_enabled()
    page.reload()
    expect(page.get_by_role("radio", name="Draft engine")).to_be_checked()


@pytest.mark.parametrize("environment", [{"STUDIO_SANDBOX_SPEED": "200"}], indirect=True, ids=["fast"])
def test_without_a_key_one_press_renders_in_the_sandbox(page: Page, ledger: Studio) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    page.get_by_text("JoyPix Motion-2", exact=True).click()
    press(page, "Try it in the sandbox, free")
    expect(page.get_by_text("SANDBOX · nothing is billed")).to_be_visible()
    finished(page)
    (job,) = ledger.jobs()
    assert (job.engine, job.sandbox, job.state) == ("joypix/motion-2", True, JobState.DONE)
    # Its maker is in the sandbox now, as the menu says, and leaves it there.
    page.get_by_role("button", name="Someone").click(delay=30)
    page.get_by_role("switch", name="Sandbox").press("Space")
    expect(page.get_by_text("SANDBOX · nothing is billed")).to_have_count(0)
    unfold(page)
    expect(page.get_by_role("button", name="Try it in the sandbox, free")).to_be_visible()


@pytest.mark.parametrize("environment", [{"STUDIO_SANDBOX_SPEED": "200"}], indirect=True, ids=["fast"])
def test_every_scene_goes_on_without_a_key_or_a_file(page: Page, ledger: Studio) -> None:
    for scene, button in (
        ("Two people", "Render free draft"),
        ("New voice for a video", "Render free draft"),
        ("Stock presenter", "Try it in the sandbox, free"),
    ):
        page.context.clear_cookies()  # outside the sandbox again
        open_page(page, f"/?brief=newcomer-{scene[:3]}")
        page.get_by_text(scene, exact=True).click(delay=30)
        if scene == "Stock presenter":
            expect(page.get_by_role("img", name="Mira")).to_be_visible()
        press(page, "Fill in samples")
        press(page, button)
        finished(page)
    assert [(job.brief.scene, job.sandbox) for job in ledger.jobs()] == [
        ("presenter", True),
        ("redub", False),
        ("dialog", False),
    ]


@pytest.mark.parametrize("environment", [as_live(NOWHERE)], indirect=True, ids=["keys"])
def test_a_vendor_that_cannot_reach_the_files_is_told_before_anything_is_sent(page: Page) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    page.get_by_text("JoyPix Motion-2", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("JoyPix can’t reach your files")
    expect(page.get_by_text("Needs public link").first).to_be_visible()
    expect(page.get_by_role("button", name="Render for about $0.15")).to_be_disabled()


@pytest.mark.parametrize(
    "environment", [as_live(NOWHERE) | {"STUDIO_PUBLIC_URL": NOWHERE}], indirect=True, ids=["keys and address"]
)
def test_an_unknown_price_is_asked_about_before_it_is_spent(page: Page, ledger: Studio) -> None:
    open_page(page)
    upload(page, PORTRAIT, VOICE)
    page.get_by_text("JoyPix Motion-2", exact=True).click()
    expect(page.get_by_role("button", name="Render for about $0.15")).to_be_enabled()
    page.get_by_text("About these prices").click(delay=30)
    expect(page.get_by_text("Billed to your team’s JoyPix account.")).to_be_visible()
    expect(page.get_by_text("Price assumed: taken from its two-speaker page")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_text("lipsync.studio image", exact=True).click()
    press(page, "Render · 10 credits, price not set")
    dialog = page.get_by_role("dialog", name="Spend 10 credits?")
    expect(dialog).to_contain_text("We can’t say what that is in dollars.")
    expect(dialog.get_by_role("button", name="Spend 10 credits")).to_be_visible()
    expect(dialog.get_by_label("Set aside")).to_have_count(0)  # no cap, so there is nothing to reserve
    dialog.get_by_role("button", name="Back").click(delay=30)
    expect(dialog).to_have_count(0)
    ledger.budgets.set_cap("team", 20_000_000, "mia")
    press(page, "Render · 10 credits, price not set")
    expect(dialog.get_by_role("textbox", name="Set aside from this month’s cap ($)")).to_have_value("5.00")
    expect(dialog.get_by_role("link", name="Set the price of lipsync.studio")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert ledger.count(Filter()) == 0
    # A price that is known is asked about above the team's threshold, and not at it.
    ledger.budgets.set_caps({PRESS: 100_000}, "mia")
    page.get_by_text("JoyPix Motion-2", exact=True).click()
    press(page, "Render for about $0.15")
    dialog = page.get_by_role("dialog", name="Spend about $0.15?")
    expect(dialog).to_contain_text(re.compile(r"JoyPix Motion-2, ready around .*\d\d:\d\d, can’t be stopped once sent"))
    expect(dialog).to_contain_text("Your team confirms every clip above $0.10.")
    dialog.get_by_role("button", name="Back").click(delay=30)
    expect(dialog).to_have_count(0)
    assert ledger.count(Filter()) == 0
