"""A publisher's program as a process: it says all of its events again whenever it starts, and sends until none is left."""

from __future__ import annotations

import sys
from pathlib import Path

from thidua.errors import RetryError
from thidua.outbox import Outbox
from thidua.publishing import DoorClient, Publisher
from thidua.sending import PublisherClient
from thidua.signing import SigningKey

REGISTERED = "thidua.units.unit-registered.v1"
AUTHORITY = "BNV"
PATIENCE = 300.0


def code(number: int) -> str:
    """The unit that event *number* registers."""
    return f"M{number:04}"


def main() -> None:
    """``python -m tests.publishers.sender FOLDER KEY ORIGIN URL COUNT BATCH``."""
    folder, key, origin, url, count, batch = sys.argv[1:]
    publisher = Publisher(
        origin,
        f"/authorities/{AUTHORITY}",
        f"{AUTHORITY}/root",
        SigningKey.from_pem(Path(key).read_bytes()),
    )
    client = PublisherClient(
        Outbox(Path(folder)),
        publisher,
        DoorClient(url, timeout=5),
        wait=2,
        batch=int(batch),
        longest_pause=1.0,
    )
    for number in range(1, int(count) + 1):
        data = {"unit": code(number), "name_vi": f"Sở {number}", "short_vi": code(number)}
        data |= {"kind": "other", "province": code(number), "valid_from": "2015-01-01"}
        client.queue(REGISTERED, AUTHORITY, {**data, "basis": "QĐ 2"}, event_id=f"unit-{number}")
    while client.flush(patience=PATIENCE).unsent:
        pass


if __name__ == "__main__":
    try:
        main()
    except RetryError as error:
        sys.exit(f"{error}")
