"""The bucket of an S3-compatible service that holds the media store's files: one object for each content.

The folder of `lipsync_core.media.store` is its working copy. boto3 is imported when the bucket is first used, so a
studio without a bucket never loads it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lipsync_core.errors import BucketError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LONGEST_LINK_S = 7 * 86_400
"""The longest validity of a signed link (AWS Signature Version 4, X-Amz-Expires)."""

TELLS_S = 60.0
"""For so long a failed request is told of on every page, unless one succeeds before: nobody may ask again for hours."""

_CONNECT_S, _READ_S = 5.0, 60.0
_TRIES = 3
_AT_ONCE = 4
"""Parts of a large file that are transferred at once; each is held in memory."""
_ABSENT = ("404", "NoSuchKey", "NotFound")
_SHUT = (
    *("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    *("AuthFailure", "ExpiredToken", "InvalidToken", "InvalidClientTokenId"),
)


class Bucket:
    """Files in a bucket, by name. Thread-safe; waits for the network; every method may raise `BucketError`.

    ``access`` holds the ``AWS_…`` variables. boto3 looks for missing ones as usual: in its own files, or from the
    machine that it runs on.
    """

    def __init__(self, name: str, prefix: str = "", access: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._access = dict(access or {})
        self._made: S3Client | None = None
        self._making = threading.Lock()
        self._failed: tuple[float, BucketError] | None = None
        """When the last request failed, by a clock that never steps, in seconds, and how; None if it did not."""

    def trouble(self) -> BucketError | None:
        """Return how the last request failed, if that was within `TELLS_S`; None if the bucket answers."""
        failed = self._failed
        return failed[1] if failed is not None and time.monotonic() - failed[0] < TELLS_S else None

    def holds(self, key: str) -> bool:
        """Return whether the bucket has a file of this name."""
        from botocore.exceptions import ClientError

        with self._worded("be asked"):
            try:
                self._client.head_object(Bucket=self.name, Key=self._prefix + key)
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return False
                raise
        return True

    def put(self, path: Path, key: str, mime: str) -> None:
        """Store a file, in several parts if it is large, unless the bucket already has it."""
        from boto3.s3.transfer import TransferConfig

        if self.holds(key):
            return
        with self._worded("take the file"):
            self._client.upload_file(
                str(path),
                self.name,
                self._prefix + key,
                ExtraArgs={"ContentType": mime},
                Config=TransferConfig(max_concurrency=_AT_ONCE),
            )

    def bring(self, key: str, into: Path) -> bool:
        """Write a stored file to ``into``; return False if the bucket does not have it."""
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import ClientError

        with self._worded("give the file"):
            try:
                config = TransferConfig(max_concurrency=_AT_ONCE)
                self._client.download_file(self.name, self._prefix + key, str(into), Config=config)
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return False
                raise
        return True

    def remove(self, key: str) -> None:
        """Remove a file; do nothing if it does not exist."""
        with self._worded("remove the file"):
            self._client.delete_object(Bucket=self.name, Key=self._prefix + key)

    def link(self, key: str, good_for_s: float) -> str:
        """Return a link that gives anyone the file for ``good_for_s`` seconds, at most `LONGEST_LINK_S`.

        No request is made. With temporary credentials, the link ends when they do.
        """
        with self._worded("be linked to", asks=False):
            return self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self.name, "Key": self._prefix + key},
                ExpiresIn=int(min(good_for_s, LONGEST_LINK_S)),
            )

    @property
    def _client(self) -> S3Client:
        with self._making:  # unlike a client, a session must not be shared by threads
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> S3Client:
        from boto3.session import Session
        from botocore.config import Config

        given = self._access.get
        session = Session(
            aws_access_key_id=given("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=given("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=given("AWS_SESSION_TOKEN"),
            region_name=given("AWS_REGION") or given("AWS_DEFAULT_REGION"),
            profile_name=given("AWS_PROFILE"),
        )
        config = Config(
            signature_version="s3v4",  # the older version allows no longer links, and many services do not support it
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
            # Many services do not support AWS’s newer checksums; downloads are compared with their SHA-256 anyway.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        region = session.region_name or "us-east-1"  # services other than AWS have none, but signing needs one
        url = given("AWS_ENDPOINT_URL_S3") or given("AWS_ENDPOINT_URL")
        return session.client("s3", region_name=region, endpoint_url=url, config=config)

    @contextmanager
    def _worded(self, what: str, *, asks: bool = True) -> Iterator[None]:
        """Turn boto3's errors into a `BucketError` that says in words what the bucket could not do.

        ``asks`` says whether the bucket is asked, so that its answer shows that it is there.
        """
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

        try:
            yield
        except (ClientError, BotoCoreError, Boto3Error, ValueError) as error:
            cause = error.__context__ if isinstance(error, Boto3Error) else error
            if isinstance(cause, ClientError):
                failed = self._refusal(_code(cause), what)
            elif isinstance(cause, NoCredentialsError | PartialCredentialsError):
                failed = self._shut("there are no credentials for it")
            else:
                advice = f"“{self.name}” could not {what}: {type(cause).__name__}. Check AWS_ENDPOINT_URL or try later."
                failed = BucketError("The media bucket does not answer", advice)
            self._failed = time.monotonic(), failed
            raise failed from error
        if asks:
            self._failed = None

    def _refusal(self, code: str, what: str) -> BucketError:
        if code in _SHUT:
            return self._shut(f"it answered {code}")
        if code == "NoSuchBucket":
            advice = f"There is no bucket “{self.name}”. Create it, or correct STUDIO_MEDIA_URL."
            return BucketError("The media bucket does not exist", advice)
        advice = f"“{self.name}” could not {what}: it answered {code}. Try again later."
        return BucketError("The media bucket refused", advice)

    def _shut(self, why: str) -> BucketError:
        advice = (
            f"“{self.name}” cannot be used: {why}. The operator of this studio has to check AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and their permissions."
        )
        return BucketError("The media bucket denied access", advice)


def _code(error: object) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", "an error"))
