"""Plays a finished video: as high as the screen allows, with sound wherever the browser permits it.

It takes its room before the video has arrived, so that nothing below it moves while somebody reaches for it.

`streamlit.video` can mute a video that starts by itself, but cannot say so, cannot follow the visitor's wish for less
motion, and is as high as its width demands.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.base_path import href

_PLAYER = """
const SOUND = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9v6h4l5 4V5L8 9zM16 8a5 5 0 0 1 0 8"/></svg>'

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector('.studio-player')
  const path = data.link.split('?')[0]
  if (place.dataset.path === path) return
  place.dataset.path = path
  const video = document.createElement('video')
  const src = new URL(data.link, document.baseURI).href
  Object.assign(video, { src, controls: true, playsInline: true, preload: 'auto', loop: data.loops })
  video.setAttribute('aria-label', data.title)
  video.style.setProperty('--ratio', data.ratio)
  video.onloadedmetadata = () => {
    if (video.videoHeight) video.style.setProperty('--ratio', video.videoWidth / video.videoHeight)
  }
  video.onloadeddata = () => { video.style.background = 'none' } // no dark line where its width is no whole pixel
  const sound = document.createElement('button')
  sound.type = 'button'
  sound.innerHTML = SOUND + '<span>Sound on</span>'
  sound.hidden = true
  sound.onclick = () => { video.muted = false; video.focus(); video.play() }
  video.onvolumechange = () => { if (!video.muted) sound.hidden = true }
  if (data.captions) {
    const track = document.createElement('track')
    const src = new URL(data.captions, document.baseURI).href
    Object.assign(track, { kind: 'captions', label: 'Captions', src, srclang: data.language })
    video.append(track) // the player's own menu switches it; until then it is off
  }
  place.replaceChildren(video, sound)
  if (!data.starts || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  video.play().catch(() => {
    video.muted = true
    sound.hidden = false
    video.play().catch(() => { video.muted = false; sound.hidden = true })
  })
}"""

_STYLE = """
.studio-player { --high: min(56vh, 34rem); position: relative; display: flex; justify-content: center; }
@media (max-width: 640px) { .studio-player { --high: 36vh; } }
.studio-player video {
  display: block; width: min(100%, calc(var(--high) * var(--ratio))); aspect-ratio: var(--ratio);
  border-radius: var(--st-base-radius); background: #000;
}
.studio-player video:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.studio-player button {
  position: absolute; top: .75rem; left: 50%; transform: translateX(-50%); display: flex; align-items: center;
  gap: .4rem; padding: .45rem .9rem; border: 1px solid #fff; border-radius: 2rem; background: rgba(0, 0, 0, .78);
  color: #fff; font: 600 .9375rem var(--st-font); cursor: pointer;
}
.studio-player button[hidden] { display: none; }
.studio-player button:hover { background: #000; }
.studio-player button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.studio-player svg {
  width: 1.1rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round;
}
"""


def draw(
    link: str,
    title: str,
    *,
    key: str,
    ratio: float,
    starts: bool = False,
    loops: bool = False,
    captions: tuple[str, str] | None = None,
) -> None:
    """Draw the player of the video at a relative ``link``; ``ratio`` is its width to its height, as far as known.

    ``captions`` are a relative link to WebVTT and its language; they are shown once somebody turns them on.

    With ``starts`` it plays at once: with sound if the browser permits it, else muted below a button “Sound on”; not at
    all for a visitor who prefers reduced motion. A redrawn page does not restart it.
    """
    component = st.components.v2.component(
        "player", html='<div class="studio-player"></div>', css=_STYLE, js=_PLAYER, isolate_styles=False
    )
    data = {"link": href(link), "title": title, "ratio": ratio, "starts": starts, "loops": loops}
    if captions is not None:
        data |= {"captions": href(captions[0]), "language": captions[1]}
    component(data=data, key=f"player-{key}")
