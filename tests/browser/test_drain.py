"""A server that is told to stop: it gets no visitors, claims nothing more, and knows what its last order came to."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import httpx

from lipsync_core import Brief, JobState
from tests import corpus, patient
from tests.browser.visit import PORTRAIT
from tests.line import opened
from tests.patient import until
from tests.sandbox import SandboxProcess, as_live
from tests.server import Server, studio_of

ANSWERS_AFTER_S = 4.0
"""How long the vendor keeps the order's answer: longer than a server takes that waits for nothing."""


def test_an_order_on_its_way_is_waited_for_and_nothing_more_is_claimed_while_somebody_still_downloads(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(corpus.video(1.0))
    with SandboxProcess(tmp_path / "vendors", "--canned") as vendors:
        variables = environment | as_live(vendors.base)
        ledger = studio_of(variables)
        large = ledger.desk().media.keep(corpus.wav(seconds=60, rate=48_000, channels=2, bits=32), "audio", "long.wav")
        vendors.schedule(kind="slow", on="submit", accepted=True, seconds=ANSWERS_AFTER_S)
        with Server(variables, tmp_path / "log") as server:
            server.await_ready()
            with opened(server.url) as page, socket.create_connection(("127.0.0.1", server.port)) as download:
                assert page.draw()
                asked = f"GET {ledger.desk().media.link(large)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                download.sendall(asked.encode())
                assert download.recv(12) == b"HTTP/1.1 200"  # and no more of its 23 MB
                job = ledger.submit(
                    Brief(
                        scene="redub",
                        engine="aimlapi/pixverse-lip-sync",
                        video=tmp_path / "clip.mp4",
                        text="Hello.",
                        speaker="Ava",
                    ),
                    by="ana",
                )
                until(lambda: bool(vendors.submits()))
                os.kill(server.pid, signal.SIGTERM)
                until(lambda: not answers(server.url))
                later = ledger.submit(
                    Brief(engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.4)), by="ana"
                )
                assert page.end() is not None, "the page hears of it"
                until(lambda: ledger.tracker_seen() is None)  # it said goodbye, so that another goes on at once
                after = ledger.job(job.id)
                assert (after.state, after.error) == (JobState.RENDERING, None)
                assert after.vendor_id is not None
            server.stop()
        assert len(vendors.bill()) == len(vendors.submits()) == 1
        assert ledger.job(later.id).state is JobState.QUEUED


def answers(url: str) -> bool:
    """Whether a balancer may still send visitors."""
    try:
        return patient.get(f"{url}/api/ready").status_code == 200
    except httpx.TransportError:
        return False
