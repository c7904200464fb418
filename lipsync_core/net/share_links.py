"""Links that people share from file services: most lead to a page that shows a file, not to the file. Pure.

A link is made direct only where that is certain: Dropbox (``dl=1``; the ``rlkey`` parameter has to stay) and Google
Drive (``uc?export=download``, which answers with a page where a file is too large to be scanned for viruses).
For every other service the person is told what to do, before anything is requested.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlencode, urlsplit

from lipsync_core.errors import MediaError

_DOWNLOAD = "Download the file and add it here instead."
_SHARE_ONE = "Share the file itself, not its folder, or download it and add it here."
_ID = re.compile(r"[\w-]{10,}")


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link of a file service."""

    site: str
    """The service, as people call it."""
    direct: str
    """The link to the file itself; empty if there is none that is certain to work."""
    advice: str
    """What is wrong with the link, or with its direct form if a page arrives instead of the file, and what to do."""


def share_link(link: str) -> ShareLink | None:
    """Return what a link of a known file service leads to; None for any other link, and for those that are direct."""
    try:
        url = urlsplit(link.strip())
        host = (url.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    for ending, read in _SITES.items():
        if host == ending or host.endswith(f".{ending}"):
            return read(url, host)
    return None


def with_scheme(cell: str) -> str:
    """Return a link that was copied without ``https://`` with it, and any other text as it is."""
    host = cell.partition("/")[0].lower()
    if "/" not in cell or not re.fullmatch(r"[a-z0-9.-]+\.[a-z]{2,}", host):
        return cell
    known = any(host == ending or host.endswith(f".{ending}") for ending in _SITES)
    return f"https://{cell}" if known or host.startswith("www.") else cell


def _dropbox(url: SplitResult, host: str) -> ShareLink | None:
    if host != "dropbox.com":
        return None  # its hosts for content send files
    path = url.path.rstrip("/")
    if re.match(r"/(?:sh|scl/fo)/", path) and not re.search(r"\.\w{2,5}$", path):
        return ShareLink("Dropbox", "", f"This link leads to a folder on Dropbox. {_SHARE_ONE}")
    if not re.match(r"/(?:s|sh|scl/f[io])/", path):
        why = "This link leads to a page of Dropbox that asks people to sign in."
        return ShareLink("Dropbox", "", f"{why} In Dropbox, choose Share, then Copy link, and paste that.")
    kept = [(name, value) for name, value in parse_qsl(url.query) if name not in ("dl", "raw")]
    direct = url._replace(scheme="https", query=urlencode([*kept, ("dl", "1")]), fragment="").geturl()
    advice = "Dropbox sent a page instead of the file. Let everyone with the link download it, or add the file here."
    return ShareLink("Dropbox", direct, advice)


def _drive(url: SplitResult, _host: str) -> ShareLink:
    asked = parse_qs(url.query)
    match = re.search(r"/file/(?:u/\d+/)?d/([\w-]+)", url.path)
    one_file = match or re.search(r"/(?:uc|open|download)/?$", url.path)
    name = match[1] if match else asked.get("id", [""])[0]
    if one_file and _ID.fullmatch(name):
        kept = {"export": "download", "id": name}
        kept |= {key: asked[key][0] for key in ("resourcekey", "confirm") if key in asked}
        advice = (
            "Google Drive sent a page instead of the file: not everyone with the link may see it, or the file is too "
            f"large to be scanned for viruses. {_DOWNLOAD}"
        )
        return ShareLink("Google Drive", f"https://drive.google.com/uc?{urlencode(kept)}", advice)
    if "/folders/" in url.path or "/folderview" in url.path:
        return ShareLink("Google Drive", "", f"This link leads to a folder on Google Drive. {_SHARE_ONE}")
    return ShareLink("Google Drive", "", f"This link leads to a page of Google Drive and names no file. {_SHARE_ONE}")


def _sent_by_drive(url: SplitResult, host: str) -> ShareLink | None:
    return _drive(url, host) if host == "drive.usercontent.google.com" else None


def _page(site: str) -> Callable[[SplitResult, str], ShareLink | None]:
    def read(_url: SplitResult, _host: str) -> ShareLink | None:
        return ShareLink(site, "", f"This link leads to a page of {site}, not to a file. {_DOWNLOAD}")

    return read


def _microsoft(site: str) -> Callable[[SplitResult, str], ShareLink | None]:
    page = _page(site)

    def read(url: SplitResult, host: str) -> ShareLink | None:
        sends = re.search(r"/(?:download\.aspx|download)$", url.path) or parse_qs(url.query).get("download") == ["1"]
        return None if sends else page(url, host)

    return read


def _box(url: SplitResult, host: str) -> ShareLink | None:
    return None if url.path.startswith("/shared/static/") else _page("Box")(url, host)


def _docs(url: SplitResult, host: str) -> ShareLink | None:
    return _drive(url, host) if url.path.endswith("/uc") else _page("Google Docs")(url, host)


def _wetransfer(url: SplitResult, host: str) -> ShareLink | None:
    return None if host.startswith("download.") else _page("WeTransfer")(url, host)


_SITES: dict[str, Callable[[SplitResult, str], ShareLink | None]] = {
    "dropbox.com": _dropbox,
    "drive.google.com": _drive,
    "drive.usercontent.google.com": _sent_by_drive,
    "docs.google.com": _docs,
    "photos.google.com": _page("Google Photos"),
    "photos.app.goo.gl": _page("Google Photos"),
    "1drv.ms": _microsoft("OneDrive"),
    "onedrive.live.com": _microsoft("OneDrive"),
    "sharepoint.com": _microsoft("SharePoint"),
    "wetransfer.com": _wetransfer,
    "we.tl": _page("WeTransfer"),
    "icloud.com": _page("iCloud"),
    "share.icloud.com": _page("iCloud"),
    "box.com": _box,
    "mega.nz": _page("MEGA"),
}
"""The services by the ends of their hosts, the more exact ones first."""


def page_error(shared: ShareLink | None) -> MediaError:
    """Return the error for a link that leads to a page; None stands for a site that is not known here."""
    if shared is None:
        return MediaError("Not a direct link", f"This link leads to a web page, not to a file. {_DOWNLOAD}")
    return MediaError("Not a direct link", shared.advice)
