"""A link from a file service becomes one to the file where that is certain, and otherwise says what to do."""

import pytest

from lipsync_core.net.share_links import share_link, with_scheme

ID = "1a2B3c4D5e6F7g8H9i0J"
DRIVE = f"https://drive.google.com/uc?export=download&id={ID}"
DIRECT = {
    "https://www.dropbox.com/s/abc123/voice.wav?dl=0": "https://www.dropbox.com/s/abc123/voice.wav?dl=1",
    "https://www.dropbox.com/s/abc123/voice.wav": "https://www.dropbox.com/s/abc123/voice.wav?dl=1",
    "http://dropbox.com/s/abc123/voice.wav?raw=1": "https://dropbox.com/s/abc123/voice.wav?dl=1",
    "https://www.dropbox.com/scl/fi/xyz/voice.wav?rlkey=k1&st=q&dl=0": (
        "https://www.dropbox.com/scl/fi/xyz/voice.wav?rlkey=k1&st=q&dl=1"
    ),
    f"https://drive.google.com/file/d/{ID}/view?usp=sharing": DRIVE,
    f"https://drive.google.com/file/d/{ID}/edit": DRIVE,
    f"https://drive.google.com/a/example.org/file/d/{ID}/preview": DRIVE,
    f"https://drive.google.com/open?id={ID}": DRIVE,
    f"https://drive.google.com/uc?id={ID}&export=download": DRIVE,
    f"https://docs.google.com/uc?export=download&id={ID}": DRIVE,
    f"https://drive.google.com/file/d/{ID}/view?resourcekey=0-abc": f"{DRIVE}&resourcekey=0-abc",
    f"https://drive.usercontent.google.com/download?id={ID}&confirm=t": f"{DRIVE}&confirm=t",
}
PAGES = {
    "https://www.dropbox.com/scl/fo/abc/def?rlkey=k&dl=0": ("Dropbox", "folder"),
    "https://www.dropbox.com/sh/abc/def?dl=0": ("Dropbox", "folder"),
    "https://www.dropbox.com/home/Voices/voice.wav": ("Dropbox", "Copy link"),
    f"https://drive.google.com/drive/folders/{ID}?usp=sharing": ("Google Drive", "folder"),
    "https://drive.google.com/drive/my-drive": ("Google Drive", "names no file"),
    f"https://docs.google.com/document/d/{ID}/edit": ("Google Docs", "Download"),
    f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=0": ("Google Docs", "Download"),
    "https://photos.app.goo.gl/abc": ("Google Photos", "Download"),
    "https://photos.google.com/share/abc": ("Google Photos", "Download"),
    "https://1drv.ms/v/s!Abc": ("OneDrive", "Download"),
    "https://onedrive.live.com/redir?resid=A!1&authkey=!B": ("OneDrive", "Download"),
    "https://example-my.sharepoint.com/:v:/g/personal/ana/Eabc?e=x": ("SharePoint", "Download"),
    "https://we.tl/t-abc": ("WeTransfer", "Download"),
    "https://wetransfer.com/downloads/abc/def": ("WeTransfer", "Download"),
    "https://example.wetransfer.com/downloads/abc/def": ("WeTransfer", "Download"),
    "https://www.icloud.com/iclouddrive/0abc#voice": ("iCloud", "Download"),
    "https://share.icloud.com/photos/0abc": ("iCloud", "Download"),
    "https://app.box.com/s/abc": ("Box", "Download"),
    "https://mega.nz/file/abc#def": ("MEGA", "Download"),
}
OTHERS = [
    "https://example.org/voice.wav",
    "https://notdropbox.com/s/abc/voice.wav?dl=0",
    "https://dropbox.com.example.org/s/abc/voice.wav?dl=0",
    "https://uc1.dl.dropboxusercontent.com/cd/0/get/abc/file",
    "https://app.box.com/shared/static/abc.wav",
    "https://example.sharepoint.com/sites/x/_layouts/15/download.aspx?UniqueId=1",
    "https://example.org/?go=https://drive.google.com/drive/folders/x",
    "voice.wav",
    "https://[",
    "",
]


@pytest.mark.parametrize("link", DIRECT)
def test_a_shared_file_is_fetched_by_its_direct_link(link: str) -> None:
    found = share_link(link)
    assert found is not None
    assert found.direct == DIRECT[link]
    again = share_link(found.direct)
    assert again is not None
    assert again.direct == found.direct


@pytest.mark.parametrize("link", PAGES)
def test_a_page_is_named_with_what_to_do_instead(link: str) -> None:
    site, cure = PAGES[link]
    found = share_link(link)
    assert found is not None
    assert (found.site, found.direct) == (site, "")
    assert site in found.advice
    assert cure in found.advice


@pytest.mark.parametrize("link", OTHERS)
def test_any_other_link_stays_as_it_is(link: str) -> None:
    assert share_link(link) is None


@pytest.mark.parametrize(
    "cell", ["www.example.org/a.wav", "dropbox.com/s/abc/a.wav", "WWW.dropbox.com/s/abc/a.wav", "1drv.ms/x"]
)
def test_a_link_that_was_copied_without_its_beginning_is_one(cell: str) -> None:
    assert with_scheme(cell) == f"https://{cell}"


@pytest.mark.parametrize("cell", ["voice.wav", "voices.final/a.wav", "www.wav", "dropbox.com", "a b.com/c"])
def test_a_file_is_not_taken_for_a_link(cell: str) -> None:
    assert with_scheme(cell) == cell
