"""The store in an S3-compatible bucket, such as MinIO, Ceph or a provider's, through fsspec."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import fsspec
from botocore.exceptions import BotoCoreError, ClientError

from services.units.evidence.store import StoreAwayError, Use, checked
from thidua.evidence import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class BucketStore:
    """
    A store in a bucket that exists; a prefix after its name is allowed: ``s3://bucket/evidence``.

    The bucket writes an object whole or not at all; a second writer of the same name is refused by it.
    """

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None = None,
        key: str | None = None,
        secret: str | None = None,
    ) -> None:
        self._files: Any = fsspec.filesystem(
            "s3", endpoint_url=endpoint, key=key, secret=secret, use_listings_cache=False
        )
        self._root = url.removeprefix("s3://").rstrip("/")

    def put(self, sha256: str, source: Path) -> None:
        """Keep the bytes of *source*."""
        place = self._place(sha256)
        if self.size(sha256) is None:
            with _answering(), suppress(FileExistsError):
                self._files.put_file(str(source), place, mode="create")
        for _ in self.read(sha256):
            pass

    def size(self, sha256: str) -> int | None:
        """How many bytes a kept file has."""
        with _answering(), suppress(FileNotFoundError):
            return int(self._files.info(self._place(sha256), refresh=True)["size"])
        return None

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a kept file."""
        return checked(sha256, self._pieces(self._place(sha256)))

    def note(self, use: Use) -> None:
        """Write down a use."""
        with _answering(), suppress(FileExistsError):
            self._files.pipe_file(f"{self._root}/uses/{use.place}", use.text(), mode="create")

    def uses(self) -> list[Use]:
        """All that was noted."""
        with _answering():
            places: Iterable[str] = self._files.find(f"{self._root}/uses")
            return sorted(Use.read(self._files.cat_file(place)) for place in places)

    def _place(self, sha256: str) -> str:
        return f"{self._root}/files/{sha256[:2]}/{sha256}"

    def _pieces(self, place: str) -> Iterator[bytes]:
        with (
            _answering(),
            self._files.open(place, "rb", block_size=4 * CHUNK, cache_type="readahead") as file,
        ):
            while piece := file.read(CHUNK):
                yield piece


@contextmanager
def _answering() -> Iterator[None]:
    """A block that asks the bucket; when nothing can be had of it, that is one named error."""
    try:
        yield
    except (FileExistsError, FileNotFoundError):
        raise
    except (OSError, BotoCoreError, ClientError) as error:
        raise StoreAwayError(type(error).__name__) from error
