"""What the running stack must show: guarded containers, the seed year's outcome, and nothing lost by crashes."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from services.player import UNIT_REGISTERED, Player
from services.reporting.checking import fingerprints_of_log
from services.sandbox import JUDGES
from tests.deploy.expected import differences
from tests.deploy.stack import OURS, STORES, StackError, run
from thidua.audit.rejudging import Rejudging
from thidua.embedded import LOOPBACK
from thidua.genesis import BY as GENESIS
from thidua.publishing import DoorClient
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.scenarios.format import Scenario
    from tests.deploy.stack import Stack
    from tests.deploy.steps import Steps
    from thidua.log import Entry
    from thidua.signing import SigningKey

COMPILERS: Final = "cc gcc g++ clang make ld rustc go"


def require(holds: bool, otherwise: object) -> None:
    """Raise with what was seen when something does not hold."""
    if not holds:
        raise StackError(str(otherwise))


def check_pages(stack: Stack) -> str:
    """The pages answer in both languages and say that this is a sandbox."""
    for path, words in (("/", "SỔ THỬ"), ("/en/", "SANDBOX")):
        page = httpx.get(f"{stack.pages_url}{path}", timeout=10)
        require(page.status_code == 200 and words in page.text, f"{path}: {page.status_code}")
    return stack.pages_url


def check_guards(stack: Stack) -> str:
    """Containers run without root, capabilities, a writable root or a compiler; two ports, on loopback."""
    ports = []
    services = (*STORES, *OURS, *(("proxy",) if stack.tls else ()))
    for service in services:
        seen = stack.inspected(service)
        host, user = seen["HostConfig"], seen["Config"]["User"]
        name = host["RestartPolicy"]["Name"]
        require(user.partition(":")[0] not in ("", "0", "root"), f"{service} runs as {user!r}")
        require(host["ReadonlyRootfs"], f"{service}: its root is writable")
        require(host["CapDrop"] == ["ALL"] and not host["CapAdd"], f"{service}: {host['CapAdd']}")
        require(
            any("no-new-privileges" in one for one in host["SecurityOpt"]), f"{service}: privileges"
        )
        require(name == "always", f"{service} restarts {name!r}")
        require(host["Memory"] > 0 and host["PidsLimit"] > 0, f"{service} has no limits")
        require(host["LogConfig"]["Config"].get("max-size") is not None, f"{service}: endless logs")
        for bound in seen["NetworkSettings"]["Ports"].values():
            ports += [(service, one["HostIp"]) for one in bound or ()]
    published = ("proxy", "proxy") if stack.tls else ("ballots", "door", "web")
    require(sorted(ports) == [(name, LOOPBACK) for name in published], ports)
    look = f"for name in {COMPILERS}; do command -v $name; done; true"
    found = run("docker", "run", "--rm", "--entrypoint", "sh", stack.image, "-c", look).strip()
    require(not found, f"compilers in the image: {found}")
    return f"{len(services)} containers"


def check_tls(stack: Stack) -> str:
    """Outside there is TLS alone, bounded as the door is, without what is said inside; the stores are out of its reach."""
    for url, own in ((stack.pages_url, "/"), (stack.door_url, "/v1/status")):
        page = httpx.get(url + own)
        require(page.is_success, f"{url}: {page.status_code}")
        require("max-age" in page.headers.get("strict-transport-security", ""), f"{url}: no HSTS")
        for path in ("/metrics", "/health/ready", "/health/live"):
            require(httpx.get(url + path).status_code == 404, f"{url}{path} can be seen")
    large = httpx.post(f"{stack.door_url}/v1/events", content=b"x" * 4_194_305)
    require(large.status_code == 413, f"a body over the limit: {large.status_code}")
    voting = httpx.get(f"{stack.door_url}/bo-phieu", follow_redirects=True)
    require(voting.is_success, f"the voting page: {voting.status_code}")
    for name in ("DOOR_PORT", "PAGES_PORT", "VOTING_PORT"):
        with socket.socket() as plain:
            require(plain.connect_ex((LOOPBACK, stack.ports[name])) != 0, f"{name} is open")
    for store in STORES:
        look = f"getent hosts {store} || echo nowhere"
        found = stack.compose("exec", "--no-TTY", "proxy", "sh", "-c", look)
        require(found.strip() == "nowhere", f"the proxy reaches {store}")
    said = stack.compose("logs", "--no-color", "proxy")
    require("172." not in said and "GET" not in said, f"the proxy writes down who asks: {said}")
    return "TLS alone"


@dataclass(slots=True)
class Crashes:
    """Kills services one after another while a scenario is played; each must be back before the next."""

    stack: Stack
    steps: Steps
    services: Sequence[str]
    _running: threading.Thread | None = None
    _failed: list[Exception] = field(default_factory=list)

    def on_progress(self, done: int, total: int, _what: str) -> None:
        """Start the next kill when its share of the scenario is played; the player does not wait for it."""
        share = total // (len(self.services) + 1)
        number, rest = divmod(done, share)
        if rest == 0 and 0 < number <= len(self.services):
            self.join()
            service = self.services[number - 1]
            self._running = threading.Thread(target=self._kill, args=(service, done))
            self._running.start()

    def join(self) -> None:
        """Return when the last one killed is back; raises when one did not come back."""
        if self._running is not None:
            self._running.join()
        if self._failed:
            raise self._failed[0]

    def _kill(self, service: str, done: int) -> None:
        begun = time.monotonic()
        try:
            before = self.stack.kill(service)
            took = self.stack.wait_back(service, before)
            told = f"healthy {took:.1f} s after SIGKILL at line {done}"
            self.steps.add(f"  {service} killed and back", time.monotonic() - begun, told)
        except Exception as error:  # noqa: BLE001 - told by the thread that plays
            self._failed.append(error)


def play(
    stack: Stack, scenario: Scenario, root: SigningKey, steps: Steps, killed: Sequence[str]
) -> str:
    """Play the scenario through the door while containers crash; what was answered."""
    crashes = Crashes(stack, steps, killed)
    door = DoorClient(stack.door_url)
    kid = f"{scenario.setup.authority.code}/root"
    player = Player(scenario, door, root, kid, crashes.on_progress)
    try:
        played = player.play()
    finally:
        door.close()
        crashes.join()
    return f"{played.recorded} recorded, {played.refused} refused as expected"


def check_outcome(stack: Stack, scenario: Scenario) -> dict[str, Any]:
    """The worked example's outcome, read from PostgreSQL by the reporting API."""
    outcome = _outcome(stack, scenario)
    found = differences(outcome)
    require(not found, "; ".join(found))
    return outcome


def check_log(stack: Stack, scenario: Scenario, root: SigningKey, *, restored: int = 0) -> str:
    """
    Nothing is lost or doubled, every entry follows from those before it, and what is served is what they say.

    *restored* is how often the log was restored since: each time one entry says so.
    """
    entries = stack.entries()
    require([one.position for one in entries] == list(range(1, len(entries) + 1)), "a gap")
    hashes = [parse_jws(one.jws).hash for one in entries if one.jws is not None]
    require(len(hashes) == len(set(hashes)), "an event stands twice in the log")
    _check_all_said(entries, scenario, restored)
    rejudging = Rejudging(
        JUDGES, origin=scenario.setup.origin, root_spki=root.verifying_key.spki
    ).run(entries)
    require(rejudging.signatures == len(entries) - rejudging.said, f"not verified: {rejudging}")
    api = httpx.get(f"{stack.pages_url}/v1/fingerprints", timeout=60).raise_for_status().json()
    require(fingerprints_of_log(entries) == api["fingerprints"], "the fingerprints differ")
    return f"{len(entries)} entries, verified, fingerprints equal"


def check_restored(stack: Stack) -> str:
    """A backup made while everything runs is brought back onto empty volumes: the same log, byte for byte, and goes on."""
    keys = ("--secrets", "/secrets", "--keys", "/keys/one")
    stack.operator("backup", "/backups/one", *keys)
    stack.operator("backup", "/backups/one", "--check")
    before, served = stack.entries(), _fingerprints(stack)
    stack.compose("down", "--volumes")
    stack.compose("up", "--detach", "--wait", "redis", "postgres")
    told = stack.operator("restore", "/backups/one", "--verify", "--reason", "Diễn tập khôi phục")
    require("khớp / equal" in told, told)
    stack.up()
    after = stack.entries()
    require(after[:-1] == before, f"{len(before)} entries before, {len(after)} after")
    found = _fingerprints(stack)
    # The one entry that says so changes what is counted of the log and of its keys.
    other = {name for name in served if served[name] != found[name]}
    require(other <= {"timeline", "keys"}, f"other figures: {other}")
    return f"{len(before)} entries, {len(found) - len(other)} figures the very same"


def _fingerprints(stack: Stack) -> dict[str, str]:
    answer = httpx.get(f"{stack.pages_url}/v1/fingerprints", timeout=60)
    return dict(answer.raise_for_status().json()["fingerprints"])


def _check_all_said(entries: Sequence[Entry], scenario: Scenario, restored: int) -> None:
    """As many publishers' events as the scenario has lines, and the keys it registers for its units."""
    registered = {
        str(line.data["unit"])
        for line in scenario.lines
        if line.type == UNIT_REGISTERED and line.expect is None
    }
    wanted = len(scenario.lines) + len(registered & scenario.setup.publishers.keys()) + restored
    said = [one for one in entries if one.by != GENESIS and not _is_own(one)]
    require(len(said) == wanted, f"{len(said)} publishers' events instead of {wanted}")


def _is_own(entry: Entry) -> bool:
    return entry.jws is not None and parse_jws(entry.jws).kid.startswith("services/")


def _outcome(stack: Stack, scenario: Scenario) -> dict[str, Any]:
    cycle = next(line.subject for line in scenario.lines if "/" in line.subject)
    answer = httpx.get(f"{stack.pages_url}/v1/outcome", params={"cycle": cycle}, timeout=60)
    return dict(answer.raise_for_status().json())
