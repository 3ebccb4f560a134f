"""Errors say what was expected and what the operator can do."""

from __future__ import annotations

import pytest

from thidua.errors import (
    BehindError,
    GateClosedError,
    KeyUsedError,
    LogCorruptError,
    LogShrunkError,
    MalformedError,
    RejectError,
    RetryError,
    SettingsError,
    SignatureError,
    StopError,
    ThiduaError,
)
from thidua.refusals import Code


@pytest.mark.parametrize(
    ("error", "remedy", "message"),
    [
        (BehindError("BVHTTDL"), RetryError, "BVHTTDL"),
        (GateClosedError("restarted"), RetryError, "restarted"),
        (MalformedError(Code.TOO_LARGE, "", "2 bytes", "1 byte"), RejectError, "1 byte"),
        (SignatureError("another", "this one"), RejectError, "this one"),
        (KeyUsedError("SLA/1", "name"), RejectError, "SLA/1"),
        (LogCorruptError(7, "the entry after 6"), StopError, "position 7"),
        (LogShrunkError(9, 7), StopError, "position 7"),
        (SettingsError("THIDUA_ORIGIN", "Field required"), StopError, "THIDUA_ORIGIN"),
    ],
)
def test_every_error_belongs_to_one_remedy_and_names_its_condition(
    error: ThiduaError, remedy: type[ThiduaError], message: str
) -> None:
    assert [kind for kind in (RetryError, RejectError, StopError) if isinstance(error, kind)] == [
        remedy
    ]
    assert message in str(error)
    vietnamese, between, english = error.diagnostics().partition(" / ")
    assert between
    assert not vietnamese.isascii()
    assert english.isascii()
    assert error.diagnostics().endswith(".")
