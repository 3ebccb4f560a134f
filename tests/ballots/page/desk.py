"""The page over HTTP with a ballot of the test's own, and a door that checks each vote as the service does."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import uvicorn

from services.ballots.page.setup import BoxedVote, Looked, Setup, Voter
from services.ballots.page.site import page_routes
from tests.shared.voting.making import found
from thidua.contracts.envelope import read_envelope
from thidua.contracts.secret_ballots import CredentialRegistered, SecretVoteCast, TrackerChecked
from thidua.embedded import LOOPBACK, free_port
from thidua.knowledge import ChainHead
from thidua.refusals import Code, problem
from thidua.signing import Algorithm, SigningKey, parse_jws
from thidua.standing import Key
from thidua.voting.ballots import check_ballot, read_ballot
from thidua.voting.credentials import check_registration
from thidua.voting.proofs import read_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tests.shared.voting.making import Held
    from thidua.voting.questions import Question

SUBJECT: Final = "BVHTTDL/BGPB/2026"
BALLOT: Final = "co-thi-dua"
UNITS: Final = {
    "LCA": "Sở VHTTDL Lào Cai",
    "HGI": "Sở VHTTDL Hà Giang",
    "CBG": "Sở VHTTDL Cao Bằng",
}
ORIGIN: Final = "so.example.vn/p0"
PROBLEM: Final = "application/problem+json"


@dataclass
class Desk:
    """A running page; ``events`` are what its door took, ``turn`` may answer a request in the door's stead."""

    held: Held
    keys: dict[str, SigningKey]
    setup: dict[str, Any]
    events: list[Any] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    running: list[dict[str, Any]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    box: dict[str, BoxedVote] = field(default_factory=dict)
    """By tracker."""
    read_to: int | None = None
    """How far the page's service has read; None: as far as the door has taken events."""
    turn: Callable[[str, bytes], tuple[int, dict[str, Any] | None] | None] | None = None
    port: int = field(default_factory=free_port)
    _routes: dict[str, Any] = field(init=False)
    _tokens: dict[str, int] = field(default_factory=dict)
    _head: ChainHead = field(default_factory=ChainHead)

    def __post_init__(self) -> None:
        self._routes = dict(
            page_routes(lambda _subject, _ballot: self.setup, self._look, lambda: self.running, "")
        )

    def lose_the_next_answer(self) -> list[bytes]:
        """The door takes what comes next, and its answer never arrives; what it took then."""
        lost: list[bytes] = []

        def losing(path: str, body: bytes) -> tuple[int, None] | None:
            if path == "/v1/events" and not lost:
                lost.append(body)
                self.take(body)
                return 502, None
            return None

        self.turn = losing
        return lost

    @property
    def url(self) -> str:
        """Where the page of the ballot is."""
        return f"http://{LOOPBACK}:{self.port}/bo-phieu?nam={SUBJECT}&phieu={BALLOT}"

    def __enter__(self) -> Self:
        config = uvicorn.Config(
            self.app,
            LOOPBACK,
            self.port,
            log_config=None,
            lifespan="off",
            ws="none",
            interface="asgi3",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The page's routes, and the two of the door that it uses."""
        self.requests.append(f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}")
        routes = self._routes
        if scope["path"] in routes and scope["path"] not in self.missing:
            await routes[scope["path"]](scope, receive, send)
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        status, document = self._answer(scope["path"], body)
        media = PROBLEM if status >= 400 else "application/json"
        headers = [(b"content-type", media.encode())]
        told = b"<html>" if document is None else json.dumps(document).encode()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    def _look(self, _subject: str, _ballot: str, tracker: str) -> dict[str, Any]:
        position = len(self.events) if self.read_to is None else self.read_to
        known = position >= len(self.events)
        vote = self.box.get(tracker) if known else None
        return Looked(self.held.election.fingerprint, position, vote).document()

    def _answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any] | None]:
        instead = self.turn(path, body) if self.turn else None
        return instead or self._door(path, body)

    def _door(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if path.endswith("/head"):
            head = {"seq": self._head.seq, "hash": self._head.hash if self._head.seq else None}
            return 200, {"kid": "", "heads": {"ballots": head}}
        if path == "/v1/events":
            return self.take(body)
        return 404, problem(Code.NOT_FOUND, {"given": path})

    def take(self, token: bytes) -> tuple[int, dict[str, Any]]:
        """Check an event by its key, its form, its chain and its proofs, and keep it; the same again is one."""
        parsed = parse_jws(token)
        unit = parsed.kid.partition("/")[0]
        parsed.verify(self.keys[parsed.kid].verifying_key)
        if parsed.hash not in self._tokens:
            envelope = read_envelope(parsed.payload)
            assert (envelope.source, envelope.aud) == (f"/units/{unit}", ORIGIN)
            if (envelope.seq, envelope.prev) != (self._head.seq + 1, self._head.hash):
                facts = {"expected_seq": self._head.seq + 1, "expected_prev": self._head.hash}
                return 409, problem(Code.CHAIN_EXPECTED, facts)
            refusal = self._accept(unit, envelope.data)
            if refusal is not None:
                return 422, {**refusal, "outcome": "refused"}
            self.events.append(envelope.data)
            self._tokens[parsed.hash] = len(self.events)
            self._head = ChainHead(envelope.seq, parsed.hash)
        tracker = getattr(read_envelope(parsed.payload).data, "tracker", None)
        return 200, {
            "hash": parsed.hash,
            "outcome": "recorded",
            "position": self._tokens[parsed.hash],
            **({} if tracker is None else {"tracker": tracker}),
        }

    def _accept(self, unit: str, data: Any) -> dict[str, Any] | None:
        election = self.held.election
        if isinstance(data, TrackerChecked):
            vote = self.box[data.tracker]
            assert (data.ballot, vote.unit) == (BALLOT, unit)
            if vote.checked:
                return problem(Code.ALREADY_DONE, {"what": f"tracker-checked {data.tracker}"})
            self.box[data.tracker] = replace(vote, checked=True)
            return None
        if isinstance(data, SecretVoteCast):
            ballot = read_ballot(election, data.vote)
            check_ballot(election, ballot)
            assert ballot.tracker == data.tracker
            [voter] = [one for one in self.setup["roll"] if one["unit"] == unit]
            assert (str(ballot.credential), data.sequence) == (
                voter["credential"],
                voter["votes"] + 1,
            )
            voter["votes"] += 1
            self.box = {
                tracker: replace(vote, state="replaced") if vote.unit == unit else vote
                for tracker, vote in self.box.items()
            }
            boxed = BoxedVote(unit, data.sequence, "counts", checked=False, text=data.vote)
            self.box[data.tracker] = boxed
            self.held.ballots.append(ballot)
            self.held.writer.ballot(ballot.text)
        else:
            assert isinstance(data, CredentialRegistered)
            group = election.group
            public = group.element(data.credential, "credential")
            proof = read_proof(group, data.proof.model_dump(), "proof")
            check_registration(group, election.uuid, unit, public, proof)
        return None


def desk(
    questions: Sequence[Question],
    *,
    bound: Mapping[str, Any] | None = None,
    shape: Sequence[Any] = (1,),
    **changed: Any,
) -> Desk:
    """
    A ballot on *questions* that is open: a unit with an ES256, an Ed25519 and an RSA key each.

    *bound* are members of the election's text, *shape* its trustees as `appoint` takes them, *changed* members of the
    setup, where they are not the usual ones.
    """
    more = {
        "x_ballot": f"{SUBJECT}/{BALLOT}",
        "x_about": "flag",
        "x_roll": sorted(UNITS),
        "x_revote": "last",
        **(bound or {}),
    }
    held = found(len(UNITS), questions, shape, more=more)
    keys: dict[str, SigningKey] = {}
    registered: dict[str, list[Key]] = {}
    for unit, alg in zip(UNITS, Algorithm, strict=False):
        kid = f"{unit}/ban-phieu"
        keys[kid] = SigningKey.generate(alg)
        spki = keys[kid].verifying_key.spki
        registered[unit] = [Key(kid, f"/units/{unit}", alg.value, spki)]
    roll = [
        Voter(unit, name, str(credential.public), 0)
        for (unit, name), credential in zip(UNITS.items(), held.credentials, strict=True)
    ]
    setup = Setup(
        subject=SUBJECT,
        ballot=BALLOT,
        matter=("Cờ thi đua của Bộ", "Ministry's emulation flag"),
        state="open",
        clock=datetime.now(UTC),
        closes=datetime.now(UTC) + timedelta(hours=2),
        repeat="last",
        election=held.election.text,
        trustees=held.trustees.text,
        fingerprint=held.election.fingerprint,
        roll=roll,
        keys=registered,
    )
    document = replace(setup, **changed).document(origin=ORIGIN, sandbox=False, door_url="")
    return Desk(held, keys, document)
