"""The log as JSON: a job's number in each line, and never a key or what a person wrote."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from lipsync_core import logs
from lipsync_core.config.settings import Settings

KEY = "sk-live-0123456789"
ODD_KEY = 'sk "live" \\ näh'


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, object]]]]:
    """The log as JSON while the test runs, and what was written to it."""
    written = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger(logs.OURS)
    level = ours.level
    handler = logs.as_json([KEY, ODD_KEY, "abc"])
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    ours.setLevel(level)


def test_a_line_has_time_level_place_and_words(lines: Callable[[], list[dict[str, object]]]) -> None:
    logging.getLogger("lipsync_core.tracker.loop").warning("%d left, “%s”", 3, "ä\n")
    (line,) = lines()
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {"level": "WARNING", "logger": "lipsync_core.tracker.loop", "message": "3 left, “ä\n”"}


def test_a_jobs_number_is_in_every_line_that_is_written_while_it_is_worked_on(
    lines: Callable[[], list[dict[str, object]]],
) -> None:
    log = logging.getLogger("somebody.else")

    def elsewhere() -> None:
        with logs.about(8):
            log.warning("in a thread")

    with logs.about(7):
        log.warning("one")
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with logs.about(1, 2, 3, 4, 5, 6):
            log.warning("many")
        logs.moved(9, "done")
        log.warning("one again")
    log.warning("none")
    assert [(line["message"], line.get("job"), line.get("jobs")) for line in lines()] == [
        ("one", 7, None),
        ("in a thread", 8, None),
        ("many", None, [1, 2, 3, 4, 5]),
        ("job 9: done", 9, None),
        ("one again", 7, None),
        ("none", None, None),
    ]


def test_no_key_is_in_a_line_however_it_got_there(lines: Callable[[], list[dict[str, object]]]) -> None:
    log = logging.getLogger("somebody.else")
    log.warning("Authorization: %s, %s", KEY, ODD_KEY)
    log.warning(f"with {KEY} abc", extra={"header": KEY})
    text = json.dumps(lines(), ensure_ascii=False)
    assert "sk-live" not in text
    assert "näh" not in text
    assert "abc" in text  # too short to be a key


def test_of_an_error_there_is_its_kind_and_place_and_not_its_text(
    lines: Callable[[], list[dict[str, object]]],
) -> None:
    def fail() -> None:
        try:
            raise FileNotFoundError(2, "No such file", "/home/ana/grace hopper.png")
        except FileNotFoundError as error:
            raise ValueError("Grace Hopper") from error

    try:
        fail()
    except ValueError:
        logging.getLogger("lipsync_core").exception("a step of job 3 failed")
    (line,) = lines()
    first, second = str(line["error"]).splitlines()
    assert first.startswith("ValueError at ")
    assert f"{__file__}:" in first
    assert first.endswith("in fail")
    assert second.startswith("FileNotFoundError at ")
    assert "opper" not in json.dumps(line)


def test_a_log_as_text_is_left_as_it_is() -> None:
    assert logs.error_text((None, None, None)) == ""
    assert logs.error_text((KeyError, KeyError("name"), None)) == "KeyError"
    assert logging.getLogger(logs.OURS).level == logging.NOTSET
    assert sys.stderr is not None


def test_every_secret_setting_is_known_to_the_log(tmp_path_factory: pytest.TempPathFactory) -> None:
    given = {
        "JOYPIX_API_KEY": "joypix-key",
        "CREATIFY_API_KEY": "creatify-key",
        "CREATIFY_API_ID": "creatify-id",
        "STUDIO_METRICS_TOKEN": "0123456789abcdef",
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "STUDIO_TIMEZONE": "Europe/Berlin",
    }
    settings = Settings.from_env(given, dotenv=tmp_path_factory.mktemp("empty") / ".env")
    assert set(settings.keys) == set(given.values()) - {"Europe/Berlin"}
    assert "joypix-key" not in repr(settings)
