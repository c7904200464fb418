"""What a person has opened, and a browser that sees every state of the page between two messages of the server."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

ONE_BY_ONE = """
window.runs = 0
const listen = WebSocket.prototype.addEventListener
WebSocket.prototype.addEventListener = function (type, heard, ...more) {
  if (type !== 'message') return listen.call(this, type, heard, ...more)
  const waiting = []
  const next = () => {
    heard.call(this, waiting[0])
    if (tellsOfAnEnd(new Uint8Array(waiting[0].data))) window.runs += 1
    waiting.shift()
    if (waiting.length) soon()
  }
  const soon = () => requestAnimationFrame(() => setTimeout(next))
  listen.call(this, type, event => { if (waiting.push(event) === 1) soon() }, ...more)
}
function tellsOfAnEnd(bytes) { // whether field 6, script_finished, is in the message
  let at = 0
  const number = () => {
    for (let sum = 0, worth = 1; ; worth *= 128) {
      const byte = bytes[at++]
      sum += (byte & 127) * worth
      if (byte < 128) return sum
    }
  }
  const skip = { 0: number, 1: () => { at += 8 }, 2: () => { const long = number(); at += long }, 5: () => { at += 4 } }
  while (at < bytes.length) {
    const tag = number()
    if (tag >> 3 === 6) return true
    skip[tag & 7]()
  }
  return false
}
"""
"""One message a frame. ``window.runs`` counts how often the page, or a part of it, was drawn to its end."""

MENU = "[role=menu]"
DIALOG = "[role=dialog]"
LISTBOX = "[role=listbox]"


class Opened:
    """Something that is open, told from another one of the same looks that is opened in its place."""

    def __init__(self, page: Page, role: str) -> None:
        expect(page.locator(role)).to_be_visible()
        page.locator(role).evaluate("one => { one.dataset.opened = 'before' }")
        self.it = page.locator(f"{role}[data-opened=before]")

    def __call__(self) -> Locator:
        expect(self.it).to_be_visible()
        return self.it


def open_menu(page: Page, name: str) -> Opened:
    page.get_by_role("button", name=name, exact=True).click(delay=30)
    return Opened(page, MENU)


def runs(page: Page, count: int) -> None:
    """Wait until the page has looked at the ledger so many times from now on."""
    before = page.evaluate("window.runs")
    page.wait_for_function("count => window.runs >= count", arg=before + count, timeout=60_000)
