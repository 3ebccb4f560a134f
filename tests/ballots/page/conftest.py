"""One Chromium for the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ballots.page.browser import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def clean(browser: Browser) -> Iterator[Browser]:
    """The browser, and at the end the page must have thrown nothing and violated nothing."""
    browser.faults.clear()
    yield browser
    assert browser.faults == []
