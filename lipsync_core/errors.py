"""Every error the studio raises on purpose.

    StudioError
    ├── SettingsError       a setting is invalid
    ├── LedgerError         the ledger's file cannot be used as it is
    ├── BackupError         a backup that cannot be made or restored
    ├── BriefError          a brief that cannot be rendered: field → message
    ├── MediaError          a file that cannot be used as the picture, voice or video it was given for
    │   ├── FetchError      a link that was refused, could not be reached, or answered badly
    │   ├── BucketError     the bucket that holds the media refused, or did not answer
    │   ├── DiskError       the disk that holds the media is full or read-only
    │   └── InstallationError   nothing can be opened here: a fault of the installation, not of a file
    ├── RenderError         a draft render ended without a video
    │   └── WorkerError     the worker process was killed: memory, time, or a crash
    ├── LibraryError        an entry that cannot be in the library as requested, or is not there
    ├── UnknownJobError     no job has this id
    ├── VendorIdTakenError  another job has this vendor's id
    ├── NotAllowedError     this person may not do this, or may not enter
    ├── PriceRoseError      the price is higher than the one that was agreed to (in `lipsync_core.quote`)
    ├── BriefChangedError   the brief is no longer what was on screen when its button was pressed
    └── VendorError         a vendor could not be reached, or refused a free request

An error text says what happened, what to do next and, if money could be at stake, whether it moved.
"""

from __future__ import annotations

from collections.abc import Mapping


class StudioError(Exception):
    """Base of all errors below; ``str(error)`` can be shown to a person."""


class SettingsError(StudioError):
    """A value in the environment, ``.env`` or another setting is invalid."""


class LedgerError(StudioError):
    """The ledger's file cannot be used as it is: newer, damaged, read-only, another program's, or on a full disk.

    The text says whether something was changed.
    """


class BackupError(StudioError):
    """A backup that cannot be made or restored; nothing was left half done."""


class BriefError(StudioError):
    """A brief that cannot be rendered. ``fields`` maps a `Brief` field to what is wrong with it."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__("; ".join(f"{field}: {message}" for field, message in self.fields.items()))


class BriefChangedError(StudioError):
    """A brief is no longer what was on screen when its button was pressed; nothing was queued."""

    def __init__(self) -> None:
        super().__init__("The brief has changed since it was priced. Nothing was sent: check it and press again.")


class MediaError(StudioError):
    """A file that cannot be used for its purpose.

    ``title`` is a heading of a few words ("Not a sound file"); ``advice`` is one or two sentences that say
    what the file is and what to choose instead.
    """

    def __init__(self, title: str, advice: str) -> None:
        self.title = title
        self.advice = advice
        super().__init__(f"{title}. {advice}")


class FetchError(MediaError):
    """A link that was refused by the guard, could not be reached, or answered badly.

    ``title`` and ``advice`` address the person who pasted it. ``refused`` is true if the guard refused the address,
    which may never be requested, and false if the request failed; if refused, ``inside`` is the host whose address is
    inside this network, or empty. ``status`` is that of the answer that was not a file; None without an answer. ``did``
    says what the server did instead of sending a file, with its site as the subject (“https://a.test does not answer”);
    empty if no request was made.
    """

    def __init__(
        self,
        title: str,
        advice: str,
        *,
        refused: bool = False,
        status: int | None = None,
        inside: str = "",
        did: str = "",
    ) -> None:
        self.refused = refused
        self.status = status
        self.inside = inside
        self.did = did
        super().__init__(title, advice)


class BucketError(MediaError):
    """The media bucket refused a request, or did not answer. Nothing was sent to a vendor."""


class DiskError(MediaError):
    """No file can be written where media are kept: its disk is full or read-only. No file is at fault."""

    def __init__(self) -> None:
        super().__init__(
            "The studio’s disk is full, or may not be written to",
            "Nothing was kept, and nothing was sent or charged. Free some space on the disk that holds the media, then "
            "try again.",
        )


class InstallationError(MediaError):
    """No file can be opened or made here, because the studio’s worker program does not start. No file is at fault."""

    def __init__(self, why: str, cure: str = "Run “make setup” in the studio’s folder and restart the studio.") -> None:
        super().__init__(
            "The studio cannot open files at the moment",
            f"{why} This is a fault of the installation, not of the file. {cure}",
        )


class RenderError(StudioError):
    """A draft render that ended without a video; the text is the reason shown on the job."""


class WorkerError(RenderError):
    """A worker process that was killed: it ran out of memory or time, or crashed."""


class LibraryError(StudioError):
    """An entry cannot be in the library as requested, or is not there. Nothing was changed."""


class UnknownJobError(StudioError):
    """No job has this id."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"There is no job {job_id}.")


class VendorIdTakenError(StudioError):
    """A vendor's id belongs to another job of this studio."""

    def __init__(self, vendor_id: str, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"Job {job_id} already has the id {vendor_id}. Nothing was changed.")


class VendorError(StudioError):
    """A vendor could not be reached, or its answer is unusable; nothing was sent that costs money."""


class NotAllowedError(StudioError):
    """This person may not do this, or may not enter at all. Nothing was sent and nothing was changed."""
