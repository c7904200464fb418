"""A picture that begins to move by itself: a short silent video over a still one of the same size.

The still picture is there at once. The video is fetched only once the browser has nothing else to do and the picture is
in view, and takes its place when it can play; if it cannot, nothing is missing. It does not start for a visitor who
prefers reduced motion, and a button stops and starts it.

It is drawn on a canvas: a video that hangs in the page would have the browser's own menu, and be one more player.
"""

from __future__ import annotations

import json
from typing import Literal

import streamlit as st

from pages.ui.base_path import href

_HTML = """<div class="moving"><img><canvas aria-hidden="true" hidden></canvas>
  <button type="button" hidden><svg viewBox="0 0 24 24" aria-hidden="true"><path/></svg></button></div>"""

_CSS = """
.moving { position: relative; display: inline-block; line-height: 0; max-width: 100%; }
.moving img { display: block; width: 100%; border-radius: var(--st-base-radius); }
.moving canvas { position: absolute; inset: 0; width: 100%; height: 100%; border-radius: var(--st-base-radius); }
.moving button { position: absolute; right: .375rem; bottom: .375rem; width: 1.75rem; height: 1.75rem; padding: .25rem;
  border: 1px solid #fff; border-radius: 50%; background: rgba(0, 0, 0, .72); color: #fff; cursor: pointer; }
.moving [hidden] { display: none; }
.moving button:hover { background: #000; }
.moving button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.moving svg { width: 100%; height: 100%; fill: currentColor; }
"""

_JS = """
const PLAY = 'M8 5v14l11-7z', PAUSE = 'M6 5h4v14H6zm8 0h4v14h-4z'
const still = matchMedia('(prefers-reduced-motion: reduce)')

const begin = (place, data) => {
  const video = document.createElement('video'), canvas = place.querySelector('canvas')
  const button = place.querySelector('button')
  let left = data.turns
  const show = () => {
    button.setAttribute('aria-label', `${video.paused ? 'Play' : 'Pause'}: ${data.alt}`)
    button.querySelector('path').setAttribute('d', video.paused ? PLAY : PAUSE)
  }
  const paint = () => {
    canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height)
    canvas.hidden = false
    if (!video.paused) again()
  }
  const again = () => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(paint)
    : requestAnimationFrame(paint))
  Object.assign(video, { muted: true, playsInline: true, preload: 'auto', loop: !data.turns, src: data.loop })
  video.onplay = () => { show(); again() }
  video.onpause = show
  video.onended = () => {
    left -= 1
    if (left > 0) return video.play()
    canvas.hidden = true
    left = data.turns
    show()
  }
  video.oncanplaythrough = () => {
    video.oncanplaythrough = null
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight })
    button.hidden = false
    place.dataset.moving = 'ready'
    show()
    if (!still.matches) video.play().catch(show)
  }
  button.onclick = () => (video.paused ? video.play() : video.pause())
  return video
}

export default function ({ data: bytes, parentElement }) {
  const data = JSON.parse(new TextDecoder().decode(bytes))
  const place = parentElement.querySelector('.moving')
  const path = (link) => link.split('?')[0]
  if (place.dataset.path === path(data.loop)) return place.end
  place.end?.()
  place.dataset.path = path(data.loop)
  delete place.dataset.moving
  Object.assign(place.querySelector('img'), { src: data.still, alt: data.alt })
  place.style.width = `${data.width}px`
  place.querySelector('canvas').hidden = place.querySelector('button').hidden = true
  let video = null, isIdle = false, isSeen = false, stoppedHere = false
  const look = () => {
    if (!video && isIdle && isSeen) video = begin(place, data)
    else if (video && !isSeen && !video.paused) { stoppedHere = true; video.pause() }
    else if (video && isSeen && stoppedHere) { stoppedHere = false; video.play() }
  }
  const sight = new IntersectionObserver((seen) => { isSeen = seen.at(-1).isIntersecting; look() })
  sight.observe(place)
  const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 500))
  idle(() => { isIdle = true; look() }, { timeout: 3000 })
  place.end = () => {
    sight.disconnect()
    video?.pause()
    video?.removeAttribute('src')
    delete place.dataset.path
  }
  return place.end
}
"""


def draw(still: str, loop: str, alt: str, *, width: int, key: str, turns: Literal[0, 4] = 0) -> None:
    """Draw the picture at one relative link and, over it, the silent video at another.

    The video plays as often as ``turns`` says, 0 for as long as it is in view.
    """
    component = st.components.v2.component("moving_picture", html=_HTML, css=_CSS, js=_JS)
    data = {"still": href(still), "loop": href(loop), "alt": alt, "width": width, "turns": turns}
    component(
        data=json.dumps(data).encode(),  # as bytes: Streamlit loads pandas to look at anything else
        key=f"moving-{key}",
        width=width,
    )
