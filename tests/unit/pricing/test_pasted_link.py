"""A pasted link whose server answers each asker differently: what a vendor gets is what was stored and measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lipsync_core import (
    Brief,
    BriefError,
    Job,
    JobState,
    KeptMedium,
    Override,
    PriceRoseError,
    Qualifier,
    Quote,
    Role,
    Settings,
    Studio,
    cost_above,
)
from lipsync_core.delivery.routes import medium_route
from lipsync_core.ledger.caps import TEAM
from lipsync_core.medium import Kind
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.pricing.pasted_link import AS_LONG_AS
from lipsync_core.samples import PORTRAITS
from lipsync_core.sandbox.app import sandbox_app
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.tracker.pace import Pace
from tests import corpus, patient
from tests.oidc import claims_of, secrets_file
from tests.recorded import VOICES
from tests.sandbox import UUID, as_live, served

ADMIN, MAKER = "mia@studio.test", "max@studio.test"
JOYPIX, LIPSYNC, PIXVERSE = "joypix/motion-2", "lipsync-studio/lipsync-image", "aimlapi/pixverse-lip-sync"
SEEN_S, SENT_S = 2.0, 300.0


@dataclass
class TwoFaced:
    """A server that gives the studio one file and everybody else another one under the same link."""

    url: str = ""
    down: bool = False
    """Whether the studio gets nothing."""
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    """What somebody else than the studio asked for."""

    def app(self) -> Starlette:
        async def give(request: Request) -> Response:
            name = request.path_params["name"]
            if request.headers.get("user-agent") == "lipsync-studio":
                return Response(status_code=503) if self.down else Response(self.files[name][0])
            self.others.append(name)
            return Response(self.files[name][1])

        return Starlette(routes=[Route("/{name}", give)])


@dataclass
class Play:
    """The sandbox in the place of the live vendors, a server with two faces, and studios opened on both."""

    base: str
    faces: TwoFaced
    folder: Path
    environment: dict[str, str]

    def open(self, **changed: str) -> Studio:
        variables = self.environment | as_live(self.base)
        variables["STUDIO_FETCH_ALLOW"] += f",{urlsplit(self.faces.url).netloc}"
        return Studio(Settings.from_env(variables | changed, dotenv=self.folder / "no.env"))

    def brief(self, studio: Studio, engine: str = JOYPIX, *, by: str = "") -> Brief:
        """A brief all of whose media were pasted as links."""

        def pasted(name: str, kind: Kind) -> KeptMedium:
            facts = studio.desk(by).media.keep_link(f"{self.faces.url}/{name}", kind)
            return KeptMedium(facts.sha256, facts.name, facts.url)

        scene = ENGINES[engine].scene
        what: dict[str, Any] = {"audio": pasted("voice.wav", "audio")}
        what |= {"video": pasted("talk.mp4", "video")} if scene == "redub" else {"image": pasted("face.jpg", "image")}
        return Brief(scene=scene, engine=engine, **what)

    def run(self, studio: Studio, job: Job) -> Job:
        """Let a tracker work until the job is over."""
        deadline = time.monotonic() + 300
        tracker = studio.tracker(pace=Pace(most_s=0.05))
        asyncio.run(tracker.run(lambda: not studio.job(job.id).pending or time.monotonic() > deadline))
        return studio.job(job.id)

    def bill(self) -> dict[str, Any]:
        (line,) = patient.get(f"{self.base}/sandbox/bill").json()["lines"]
        return dict(line)


@pytest.fixture
def play(environment: dict[str, str], tmp_path: Path) -> Iterator[Play]:
    faces = TwoFaced()
    voice = (corpus.wav(seconds=SEEN_S, rate=8_000), corpus.wav(seconds=SENT_S, rate=8_000))
    video = corpus.video(1.0)
    picture = (PORTRAITS[0].path.read_bytes(), PORTRAITS[1].path.read_bytes())
    faces.files = {"voice.wav": voice, "talk.mp4": (video, video), "face.jpg": picture}
    sandbox = SandboxState(tmp_path / "vendors", instant=True, canned_outputs=True)
    with served(faces.app()) as faces.url, served(sandbox_app(sandbox)) as base:
        yield Play(base, faces, tmp_path, environment)


@contextmanager
def reachable(play: Play) -> Iterator[dict[str, str]]:
    """The variables of a studio that vendors can reach; `opened` holds it."""
    opened: list[Studio] = []
    route = Route("/app/static/media/{token}/{name}", medium_route(lambda token: opened[0].linked_file(token)))
    with served(Starlette(routes=[route])) as public:
        opened.append(play.open(STUDIO_PUBLIC_URL=public))
        yield {"STUDIO_PUBLIC_URL": public}


@contextmanager
def bucket(play: Play) -> Iterator[dict[str, str]]:
    """The variables of a studio whose media live in a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    base = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=base, aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1"
    )
    client.create_bucket(Bucket="faces", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-central-1"}
    yield {"STUDIO_MEDIA_URL": "s3://faces", "STUDIO_MEDIA_CACHE": str(play.folder / "cache"), **keys} | {
        "AWS_ENDPOINT_URL": base
    }
    server.stop()


@contextmanager
def nothing(_play: Play) -> Iterator[dict[str, str]]:
    """A studio that can host nothing."""
    yield {}


@pytest.mark.parametrize(
    ("hosts", "engine", "units"),
    [(bucket, JOYPIX, 1), (reachable, JOYPIX, 1), (nothing, PIXVERSE, 2)],
    ids=["bucket", "own link", "data URI"],
)
def test_the_vendor_gets_what_was_stored_and_bills_what_was_seen(
    play: Play, hosts: Callable[[Play], Any], engine: str, units: int
) -> None:
    with hosts(play) as variables:
        studio = play.open(**variables)
        brief = play.brief(studio, engine)
        (quote,) = studio.quotes(brief)
        assert (quote.problems, quote.passed_on) == ((), ())
        assert AS_LONG_AS not in f"{quote.basis} {quote.warnings}"
        done = play.run(studio, studio.submit(brief, by="ana"))
        assert (done.state, done.error) == (JobState.DONE, None)
        assert float(play.bill()["units"]) == units
        assert play.faces.others == []


def quoted(studio: Studio, brief: Brief) -> Quote:
    (quote,) = studio.quotes(brief)
    return quote


def test_where_nothing_can_be_hosted_the_quote_says_what_it_rests_on(play: Play) -> None:
    studio = play.open()
    brief = play.brief(studio)
    quote = quoted(studio, brief)
    assert (quote.usd_micros, quote.qualifier, quote.problems) == (150_000, Qualifier.ASSUMED, ())
    assert set(quote.passed_on) == {"audio", "image"}
    assert f"It holds {AS_LONG_AS}." in quote.basis
    notes = dict(quote.concerns)
    assert notes["audio"] == f"JoyPix fetches this link itself. The price holds {AS_LONG_AS}."
    assert notes["image"] == f"JoyPix fetches this link itself. It gets what you see here {AS_LONG_AS}."
    assert quote.reserved_usd_micros == 150_000  # nobody signs in: whoever pastes is whoever pays
    done = play.run(studio, studio.submit(brief, by="ana"))
    assert done.state is JobState.DONE
    assert set(play.faces.others) == {"voice.wav", "face.jpg"}


def test_a_link_that_is_passed_on_with_its_voice_in_a_later_track_is_told_of(play: Play) -> None:
    studio = play.open()
    make, _seconds = VOICES["a game in the first track, a voice in the second"]
    play.faces.files["voice.wav"] = (make(), make())
    notes = dict(quoted(studio, play.brief(studio)).concerns)
    assert "This voice is not in the file’s first sound track, so JoyPix may take something else" in notes["audio"]
    assert "may take something else" not in notes["image"]


def test_a_press_for_many_says_whether_a_link_is_passed_on(play: Play) -> None:
    laptop = play.open()
    by_link, inside, draft = (play.brief(laptop, engine) for engine in (JOYPIX, PIXVERSE, "draft/portrait"))
    assert laptop.desk().passes_links([inside, draft, by_link])
    assert not laptop.desk().passes_links([inside, draft])
    assert not laptop.desk(sandbox=True).passes_links([by_link])
    with reachable(play) as variables:
        assert not play.open(**variables).desk().passes_links([by_link])


def test_a_job_whose_quote_said_nothing_of_a_link_passes_none_on(play: Play) -> None:
    with reachable(play) as variables:
        job = play.open(**variables).submit(play.brief(play.open()), by="ana")
    done = play.run(play.open(), job)  # the studio's address went away before the job was sent
    assert done.state is JobState.REJECTED
    assert "Nothing was sent" in (done.error or "")
    assert play.faces.others == []


def test_a_link_that_nobody_here_could_read_goes_only_where_nothing_can_be_hosted(play: Play) -> None:
    play.faces.down = True
    brief = Brief(engine=JOYPIX, image=PORTRAITS[0].path, audio=f"{play.faces.url}/voice.wav")
    with reachable(play) as variables:
        studio = play.open(**variables)
        with pytest.raises(BriefError) as caught:
            studio.submit(brief, by="ana")
        assert set(caught.value.fields) == {"audio"}
    studio = play.open()
    quote = quoted(studio, Brief(engine=JOYPIX, image=None, audio=f"{play.faces.url}/voice.wav"))
    assert (quote.usd_micros, quote.passed_on) == (None, ("audio",))


# Where people sign in


@pytest.fixture
def team(play: Play) -> Callable[..., Studio]:
    """Opens the studio of a team, whose maker may spend twenty cents without approval."""
    sign_in = {"STREAMLIT_SECRETS_FILES": str(secrets_file(play.folder)), "STUDIO_ADMIN": ADMIN}
    sign_in |= {"STUDIO_ALLOWED_DOMAINS": "studio.test"}

    def opened(**changed: str) -> Studio:
        studio = play.open(**sign_in, **changed)
        for email in (ADMIN, MAKER):
            studio.people.enter(claims_of(email))
        studio.people.set_role(MAKER, Role.MAKER, by=ADMIN)
        studio.people.set_limit(MAKER, 200_000, by=ADMIN)
        return studio

    return opened


def test_in_a_team_limit_and_cap_count_the_longest_input(play: Play, team: Callable[..., Studio]) -> None:
    studio = team()
    brief = play.brief(studio, by=MAKER)
    quote = quoted(studio, brief)
    longest = 600 // 5 * 150_000
    assert (quote.usd_micros, quote.reserved_usd_micros) == (150_000, longest)
    assert "Limits and caps count $18.00, the price of the longest input" in " ".join(quote.warnings)
    waiting = studio.submit(brief, by=MAKER)
    assert waiting.state is JobState.AWAITING_APPROVAL
    assert waiting.decided_why == (
        "It may cost up to $18.00, as the vendor fetches a pasted link itself; max@studio.test’s limit is $0.20."
    )
    studio.budgets.set_cap(TEAM, longest - 1, ADMIN)
    with pytest.raises(BriefError, match=r"\$18\.00 for the longest input that a pasted link can give"):
        studio.submit(brief, by=ADMIN)
    studio.budgets.set_cap(TEAM, longest, ADMIN)
    done = play.run(studio, studio.submit(brief, by=ADMIN))
    assert (done.state, done.ceiling_usd_micros) == (JobState.DONE, None)


def test_a_longest_input_that_nobody_tells_is_an_unknown_price(play: Play, team: Callable[..., Studio]) -> None:
    studio = team()
    studio.desk(ADMIN).rates.set("creatify", Override(plan="pro"))
    audio = play.brief(studio, by=MAKER).audio
    brief = Brief(scene="presenter", engine="creatify/lipsync", creator=UUID, audio=audio, aspect_ratio="9:16")
    quote = quoted(studio, brief)
    assert (quote.usd_micros, quote.open_ended, quote.reserved_usd_micros) == (747_500, True, None)
    assert studio.submit(brief, by=MAKER).state is JobState.AWAITING_APPROVAL
    studio.budgets.set_cap(TEAM, 10_000_000, ADMIN)
    with pytest.raises(BriefError, match="A ceiling is needed"):
        studio.submit(brief, by=ADMIN)
    with pytest.raises(BriefError, match=r"Reserve at least \$0\.75"):
        studio.submit(brief, by=ADMIN, ceiling_usd_micros=747_499)
    assert studio.submit(brief, by=ADMIN, ceiling_usd_micros=747_500).state is JobState.QUEUED


def test_in_a_team_what_can_be_hosted_counts_its_price(play: Play, team: Callable[..., Studio]) -> None:
    with reachable(play) as variables:
        studio = team(**variables)
        job = studio.submit(play.brief(studio, by=MAKER), by=MAKER)
        assert job.state is JobState.QUEUED


def test_what_an_approver_saw_is_not_exchanged_for_a_link(play: Play, team: Callable[..., Studio]) -> None:
    with reachable(play) as variables:
        studio = team(**variables)
        studio.people.set_limit(MAKER, 0, by=ADMIN)
        job = studio.submit(play.brief(studio, by=MAKER), by=MAKER)
    laptop = team()
    with pytest.raises(PriceRoseError, match="JoyPix would now fetch a pasted link itself"):
        laptop.desk(ADMIN).approvals.approve(job.id)
    assert laptop.job(job.id).quote.open_ended
    assert laptop.desk(ADMIN).approvals.approve(job.id)


def test_a_vendor_that_tells_no_bill_is_counted_by_the_length_of_its_video(
    environment: dict[str, str], tmp_path: Path
) -> None:
    faces = TwoFaced()
    picture = PORTRAITS[0].path.read_bytes()
    faces.files = {
        "voice.wav": (corpus.wav(seconds=SEEN_S, rate=8_000), corpus.wav(seconds=11.0, rate=8_000)),
        "face.jpg": (picture, picture),
    }
    sandbox = SandboxState(tmp_path / "vendors", instant=True)  # it renders for real
    with served(faces.app()) as faces.url, served(sandbox_app(sandbox)) as base:
        play = Play(base, faces, tmp_path, environment)
        studio = play.open()
        done = play.run(studio, studio.submit(play.brief(studio), by="ana"))
        assert (done.state, done.quote.usd_micros, done.billed_credits) == (JobState.DONE, 150_000, None)
        assert play.bill()["usd_micros"] == done.counted_usd_micros == 450_000
    assert done.output_s == pytest.approx(11.0, abs=0.2)
    assert cost_above(done) == (
        f"Its video is {done.output_s:.1f} s long, which comes to $0.45, $0.30 above its price of $0.15."
    )
    assert studio.history(done.id)[-1].note == cost_above(done)
    assert [job.id for job in studio.spending.dearer(studio.month())] == [done.id]
