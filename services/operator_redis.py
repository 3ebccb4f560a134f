"""What an operator's command asks of Redis, by the URL that stands in a file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import RedisError

from thidua.errors import RejectError, RetryError
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

Answer = TypeVar("Answer")


class RedisAwayError(RetryError):
    """Redis did not answer, or not to this user."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Redis không trả lời, hoặc không nhận người dùng này / Redis does not answer, or not to this user: {reason}"
        )


class NoUrlError(RejectError):
    """The file with the operator's URL cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"không đọc được {path} / cannot read {path}: {reason}")

    def diagnostics(self) -> str:
        """Say what to look at."""
        return (
            "Kiểm tra đường dẫn và quyền đọc tệp. / Check the file's path and that it may be read."
        )


def redis_is_away(reason: Exception) -> str:
    """What a person is told when Redis did not answer a command, and what to look at."""
    return (
        f"Redis không trả lời / Redis does not answer: {str(reason) or type(reason).__name__}\n"
        "Xem --redis-url hoặc THIDUA_REDIS_URL, và Redis có đang chạy không. / "
        "See --redis-url or THIDUA_REDIS_URL, and whether Redis runs."
    )


def ask_redis(url_file: Path, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
    """
    The answer of *work*, done with a client that is closed afterwards.

    Raises :class:`NoUrlError` for a file that cannot be read, :class:`RedisAwayError` when Redis does not answer or the
    URL is none.
    """

    async def connected(url: str) -> Answer:
        client = new_client(url)
        try:
            return await work(client)
        finally:
            await client.aclose()

    try:
        url = url_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoUrlError(url_file, str(error)) from None
    try:
        return asyncio.run(connected(url))
    except (RedisError, OSError, ValueError) as error:
        # The message of a URL that cannot be parsed may hold the password.
        raise RedisAwayError(type(error).__name__) from None
