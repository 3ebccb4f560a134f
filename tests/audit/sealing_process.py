"""A process that does nothing but seal, to be killed at any moment: ``python sealing_process.py REDIS FOLDER KEY ORIGIN``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.reporting.archive import Archive
from services.reporting.sealing import Sealing
from thidua.audit.authentic import Authenticity
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.signing import SigningKey
from thidua.stream import new_broker, new_client, wait_for_redis
from thidua.tlog.notes import NoteSigner


async def seal(url: str, folder: Path, key: Path, origin: str) -> None:
    """Seal for ever."""
    signer = NoteSigner(origin, SigningKey.from_pem(key.read_bytes()))
    client, broker = new_client(url), new_broker(url, "sealing")
    log = RedisLog(client, Names())
    await wait_for_redis(client)
    archive = Archive(folder, signer, lambda: Authenticity(origin))
    sealing = Sealing(broker, log.names.log, archive, log, {})
    await sealing.begin()
    sealing.follower.rewind()
    await broker.start()
    await sealing.run()


if __name__ == "__main__":
    asyncio.run(seal(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
