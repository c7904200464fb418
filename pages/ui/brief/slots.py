"""The slots of a brief for a picture, a voice or a video. Each accepts a medium in any form that a person has it.

A medium is stored the moment it arrives, and the brief's row names it; the widgets here hold nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import streamlit as st

from lipsync_core import (
    CLIPS,
    FIELDS,
    MOUTH_FIELDS,
    PAIRS,
    PORTRAITS,
    VOICES,
    Came,
    Item,
    Kind,
    MediaError,
    MediumFacts,
    Sample,
    StudioError,
    link_of,
)
from pages.ui.brief import late_changes, library_picker, sample_choice
from pages.ui.brief.form import Form, change_asked
from pages.ui.brief.scenes import forget_mouths
from pages.ui.frame import desk, dialog, pressed, studio
from pages.ui.text import length, plain
from pages.ui.upload_memory import release

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


@dataclass(frozen=True, slots=True)
class Slot:
    """One medium that a scene needs: its field in the brief and its texts."""

    field: str
    kind: Kind
    title: str
    file_label: str
    hint: str
    samples: tuple[Sample, ...]
    live: str
    """The label for making it in the browser, as a photo or a recording; empty if that is not possible."""
    shelved: bool = True
    """Whether the library can hold such media."""


PICTURE = Slot(
    field="image",
    kind="image",
    title="Picture",
    file_label="Picture file",
    hint="JPEG, PNG, WebP or HEIC. One face looking at the camera works best.",
    samples=PORTRAITS,
    live="Take a photo",
)
TWO_PEOPLE = replace(
    PICTURE, hint="JPEG, PNG, WebP or HEIC. Two faces side by side, looking at the camera.", samples=PAIRS
)
VOICE = Slot(
    field="audio",
    kind="audio",
    title="Voice",
    file_label="Audio file",
    hint="WAV, MP3, M4A, OGG or FLAC, up to 10 minutes.",
    samples=VOICES,
    live="Record a voice",
)
LEFT_VOICE = replace(VOICE, field="left_audio", title="Left voice", file_label="Left person’s audio file")
RIGHT_VOICE = replace(VOICE, field="right_audio", title="Right voice", file_label="Right person’s audio file")
VIDEO = Slot(
    field="video",
    kind="video",
    title="Video",
    file_label="Video file",
    hint="MP4, MOV, WebM, MKV or AVI. The new voice replaces its sound.",
    samples=CLIPS,
    live="",
)
MASK = replace(
    PICTURE,
    field="mask_image",
    title="Mask",
    file_label="Mask file",
    hint="A picture that limits where the mouth may be changed; the vendor does not say how to draw it.",
    samples=(),
    live="",
    shelved=False,
)

LINK = "Paste a link"
EARLIER = "Recent"
UPLOAD = "Upload a file"
CAMERA_PX = 880
"""Width of the camera’s picture on screen; with the button below it, it fits on a laptop."""


def _is_secure(address: str) -> bool:
    """Return whether browsers allow camera and microphone on a page at this address."""
    here = urlsplit(address)
    return here.scheme == "https" or here.hostname in ("localhost", "127.0.0.1", "::1")


def _only_where_allowed() -> None:
    if not _is_secure(st.context.url or ""):
        st.caption("The browser allows camera and microphone only over https, or on this computer.")


class SlotForm:
    """Draws one slot of a brief and stores what arrives in it."""

    def __init__(self, slot: Slot, form: Form) -> None:
        self.form = form
        self._slot = slot
        self._key = f"{form.brief_id}.{slot.field}"

    @property
    def title(self) -> str:
        """The slot's title."""
        return self._slot.title

    @property
    def noun(self) -> str:
        """What it holds, in a sentence: ``left voice``."""
        return FIELDS[self._slot.field].noun

    @property
    def field(self) -> str:
        """The brief's field that it fills."""
        return self._slot.field

    def is_new(self, facts: MediumFacts) -> bool:
        """Return whether this medium was given here in this visit, not taken from the library or recent ones."""
        return bool(st.session_state.get(f"{self._key}.new") == facts.sha256)

    def draw(
        self,
        filled: Callable[[SlotForm, MediumFacts], None],
        *,
        top: Callable[[], None] | None = None,
        alone: bool = False,
    ) -> None:
        """Draw the slot: ``top``, then the medium with ``filled``. ``alone``: no other slot is beside it."""
        facts = desk().media.facts(getattr(self.form.brief, self._slot.field), self._slot.kind)
        height: Literal["content", "stretch"] = "content" if alone else "stretch"  # as high as its neighbours
        with st.container(border=True, height=height, key=f"slot-{self._slot.field}"):
            st.header(self._slot.title, anchor=False)
            with st.container():  # always there, so that the uploader keeps its place
                if top is not None:
                    top()
            if facts is not None and not st.session_state.get(f"{self._key}.replacing"):
                filled(self, facts)
                if self._slot.shelved:
                    library_picker.offer(facts, self.noun, self.form.brief.project, f"{self._key}.keep")
            else:
                self._choose(can_go_back=facts is not None)
            self.form.note(self._slot.field)

    def replace_button(self) -> None:
        """Draw the button that empties the slot; the medium stays until another one has arrived."""
        st.button(
            f"Replace {self.noun}",
            key=f"{self._key}.replace",
            icon=":material/swap_horiz:",
            on_click=pressed(self._replacing),
            args=(True,),
        )

    def _replacing(self, on: bool) -> None:
        st.session_state[f"{self._key}.replacing"] = on
        st.session_state.pop(f"{self._key}.error", None)
        for name in ("way", "url"):
            st.session_state.pop(f"{self._key}.{name}", None)

    def _choose(self, *, can_go_back: bool) -> None:
        slot, way = self._slot, st.session_state.get(f"{self._key}.way", UPLOAD)
        if way == LINK:
            self._link()
        elif way == slot.live:
            self._record()
        elif way == EARLIER:
            self._earlier()
        elif way == library_picker.LIBRARY:
            library_picker.choose(slot.kind, self.form.brief.project, f"{self._key}.library", self._use_item)
        else:
            self._upload()
        self._error()
        if way == UPLOAD:
            st.caption(slot.hint)
            if slot.shelved:
                self._at_hand()
            if slot.samples:
                self._samples()
        with st.container(horizontal=True):
            library = library_picker.LIBRARY if slot.shelved else ""
            ways = [w for w in (UPLOAD, slot.live, library, LINK, EARLIER) if w and w != way]
            picked = st.menu_button("Other sources", ways, key=f"{self._key}.ways", type="tertiary")
            if picked == slot.live and slot.kind == "image":
                take_photo(self)
            elif picked is not None:
                st.session_state[f"{self._key}.way"] = picked
                st.session_state.pop(f"{self._key}.error", None)
                st.rerun()
            if can_go_back:
                st.button(
                    "Keep the current one", key=f"{self._key}.back", on_click=pressed(self._replacing), args=(False,)
                )

    # Another widget's event may end a run at any st.* call. So an arrived medium counts as handled only once it is
    # stored or refused; until then the next run handles it again.

    def _upload(self) -> None:
        turn = st.session_state.get(f"{self._key}.turn", 0)
        # Without `type`: a file's name, or what a browser makes of it, does not tell what it is. Its reader does.
        file = st.file_uploader(self._slot.file_label, key=f"{self._key}.file.{turn}")
        if file is not None:
            self._arrived(file, file.name, "file")

    def _record(self) -> None:
        _only_where_allowed()
        taken = st.audio_input("Recording", sample_rate=44100, key=f"{self._key}.recorder")
        if taken is not None:
            self._arrived(taken, "recording.wav", "recording")

    def photograph(self) -> None:
        """Draw the camera, and store what it takes."""
        _only_where_allowed()
        with st.container(horizontal_alignment="center"):
            taken = st.camera_input(
                "Photo", resolution="1080p", key=f"{self._key}.camera", label_visibility="collapsed", width=CAMERA_PX
            )
        if taken is not None:
            self._arrived(taken, "photo.jpg", "photo")
        self._error()

    def _link(self) -> None:
        with st.form(f"{self._key}.link", border=False):
            url = st.text_input(f"Link to a {self._slot.title.lower()}", type="url", placeholder="https://…")
            if st.form_submit_button("Fetch", icon=":material/download:"):
                st.session_state[f"{self._key}.url"] = link_of(url)
        if (asked := st.session_state.get(f"{self._key}.url")) is None:
            return
        if asked.lower().startswith(("http://", "https://")):
            self._take(lambda: desk().media.keep_link(asked, self._slot.kind), "Fetching the link")
        else:
            self._say("Not a link", "A link starts with https:// or http://. Copy it whole from the browser.")
        st.session_state.pop(f"{self._key}.url", None)

    def _earlier(self) -> None:
        recent = desk().media.recent(self._slot.kind, limit=8)
        if not recent:
            st.caption(f"None yet. Every {self._slot.title.lower()} that you add is kept and offered here.")
        for facts in recent:
            with st.container(horizontal=True, vertical_alignment="center"):
                if facts.kind != "audio":
                    st.image(desk().media.link(facts, "thumb"), width=48, alt="")
                label = f"Use {facts.name}" + (f" · {length(facts.duration_s)}" if facts.duration_s else "")
                st.button(
                    plain(label),
                    key=f"{self._key}.{facts.sha256}",
                    on_click=pressed(self._put),
                    args=(facts,),
                    wrap=True,
                )

    def _at_hand(self) -> None:
        key = f"{self._key}.hand.{st.session_state.get(f'{self._key}.turn', 0)}"
        if (item := library_picker.at_hand(self._slot.kind, self.form.brief.project, key)) is not None:
            self._use_item(item)
            st.rerun()

    def _use_item(self, item: Item) -> None:
        if item.medium is not None:
            self._put(item.medium)
            studio().library.used(item.id)

    def _samples(self) -> None:
        key = f"{self._key}.sample.{st.session_state.get(f'{self._key}.turn', 0)}"
        is_wide = self._slot.samples != PORTRAITS
        if (sample := sample_choice.choose(self._slot.samples, "Or a sample", wide=is_wide, key=key)) is not None:
            self._use_sample(sample)

    def _use_sample(self, sample: Sample) -> None:
        kind, path = self._slot.kind, sample.path
        self._take(lambda: desk().media.keep(path, kind, path.name, came="sample"), "Opening")

    def _arrived(self, file: UploadedFile, name: str, came: Came) -> None:
        keep = partial(desk().media.keep, file, self._slot.kind, name, came=came)
        self._take(keep, "Checking it", partial(release, file))

    def _take(self, keep: Callable[[], MediumFacts], doing: str, settled: Callable[[], None] = lambda: None) -> None:
        at_s = time.monotonic()
        late_changes.arrives(self.form.brief_id, at_s)
        try:
            with st.spinner(f"{doing} …"):
                facts = keep()
        except MediaError as error:
            self._say(error.title, error.advice)
        except StudioError as error:
            self._say("Not kept", str(error))
        else:
            self._put(facts, at_s)
            st.session_state[f"{self._key}.new"] = facts.sha256
            settled()
            st.rerun()
        settled()

    def _put(self, facts: MediumFacts, at_s: float | None = None) -> None:
        """Fill the slot. ``at_s`` is when the medium arrived, on the monotonic clock; None means now."""
        changes: dict[str, MediumFacts | None] = {self._slot.field: facts}
        if self._slot.field in ("image", "video"):
            changes |= dict.fromkeys(MOUTH_FIELDS)  # they belonged to the previous picture
            forget_mouths(self.form.brief_id, self._slot.field)
        change_asked(time.monotonic() if at_s is None else at_s, self.form.brief_id, **changes)
        st.session_state[f"{self._key}.turn"] = st.session_state.get(f"{self._key}.turn", 0) + 1
        self._replacing(False)

    def _say(self, title: str, advice: str) -> None:
        st.session_state[f"{self._key}.error"] = (title, advice)

    def _error(self) -> None:
        if (error := st.session_state.get(f"{self._key}.error")) is not None:
            title, advice = error
            st.error(f"{plain(advice)} Your other inputs are safe.", title=plain(title))


@dialog("Take a photo", width="large")
def take_photo(slot: SlotForm) -> None:
    """Take a picture with the camera; the dialog closes once it is stored."""
    slot.photograph()
