"""Steps of a long proof: each is timed, printed when it ends, and listed in a table at the end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Steps:
    """What was done, with seconds and a word about each."""

    done: list[tuple[str, float, str]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time one step; append words to what it gives and they stand in the table."""
        words: list[str] = []
        begun = time.monotonic()
        try:
            yield words
        except BaseException as error:
            words.append(f"FAILED: {type(error).__name__}")
            raise
        finally:
            self.add(name, time.monotonic() - begun, ", ".join(words))

    def add(self, name: str, seconds: float, words: str = "") -> None:
        """A step that was timed elsewhere."""
        self.done.append((name, seconds, words))
        print(f"{seconds:7.1f} s  {name}{f': {words}' if words else ''}", flush=True)

    def table(self) -> str:
        """All steps and their sum."""
        width = max((len(name) for name, _, _ in self.done), default=0)
        rows = [f"{name:<{width}}  {seconds:7.1f}  {words}" for name, seconds, words in self.done]
        return "\n".join([f"{'step':<{width}}  seconds", *rows])
