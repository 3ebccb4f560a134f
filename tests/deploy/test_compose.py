"""What the compose file promises without an engine: every container is guarded, limited, watched and brought back."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from services.condition import DECIDING, PROCESSES
from tests.deploy.stack import DEPLOY, variables

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"init", "provision", "access", "vault", "operator", "certificate"}
LASTING = sorted(SERVICES.keys() - ONE_SHOT)
STORES = {"redis", "postgres"}
OPTIONAL = {"prometheus", "proxy"}
HANDS_OUT = {"provision", "certificate"}
"""Who runs as root for a moment, without a network, to give each secret to the user who reads it."""
IMAGE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def words(command: list[str]) -> str:
    return " ".join(command)


def test_every_process_of_ours_has_its_container_and_the_stores_theirs() -> None:
    assert set(LASTING) == set(PROCESSES) | STORES | OPTIONAL
    for name in PROCESSES:
        assert words(SERVICES[name]["command"]).startswith(f"run {name} ")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_has_a_read_only_root_no_capabilities_limits_and_logs_that_end(
    name: str,
) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert not {"privileged", "container_name", "ulimits"} & service.keys()
    assert "docker.sock" not in str(service)
    assert "cap_add" not in service or name in {*HANDS_OUT, "operator"}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_container_is_watched_and_always_brought_back(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "always"
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert int(check["interval"].removesuffix("s")) >= 10
    assert check["start_period"]
    assert check["start_interval"]
    if name not in STORES | OPTIONAL:
        assert "/health/ready" in words(check["test"])


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_what_runs_once_is_not_brought_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"
    assert SERVICES[name]["healthcheck"] == {"disable": True}


def test_only_pages_door_voting_page_and_figures_are_published_and_on_the_loopback_address_alone() -> (
    None
):
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports.keys() == {"door", "ballots", "web", "prometheus", "proxy"}
    for name in ports.keys() - {"proxy"}:
        [published] = ports[name]
        assert published.startswith("127.0.0.1:")
    assert SERVICES["proxy"]["profiles"] == ["tls"]
    text = (DEPLOY / "compose.tls.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"^  (\w+): {ports: !reset \[\]}$", text, re.MULTILINE)) == {
        "door",
        "ballots",
        "web",
    }


def test_the_stores_are_reached_by_who_needs_them_alone_and_never_by_what_the_world_talks_to() -> (
    None
):
    assert COMPOSE["networks"] == {
        "backend": {"internal": True},
        "database": {"internal": True},
        "edge": {},
    }

    def on(network: str) -> set[str]:
        return {name for name, one in SERVICES.items() if network in one.get("networks", [])}

    follow = {"projector", "archive"}
    assert on("database") == {"postgres", "web", "operator", *follow}
    assert on("backend") == {
        *("redis", "init", "door", "access", "vault", "operator", "prometheus"),
        *DECIDING,
        *follow,
    }
    assert on("edge") == {"door", "ballots", "web", "archive", "operator", "prometheus", "proxy"}
    assert SERVICES["proxy"]["networks"] == ["edge"]


def test_no_container_starts_before_what_it_needs_is_healthy_and_the_log_is_founded() -> None:
    for name in PROCESSES:
        needed = SERVICES[name]["depends_on"]
        assert needed["redis"] == {"condition": "service_healthy"}
        assert needed["init"] == {"condition": "service_completed_successfully"}
    for name in ("projector", "archive", "web"):
        assert SERVICES[name]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    for name in ("web", "door"):
        assert SERVICES["proxy"]["depends_on"][name] == {"condition": "service_healthy"}
    assert SERVICES["init"]["depends_on"] == {"redis": {"condition": "service_healthy"}}


def test_redis_answers_after_the_fsync_and_evicts_nothing() -> None:
    told = words(SERVICES["redis"]["command"])
    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in told
    assert "--aclfile /run/secrets/" in told


def test_nobody_runs_as_root_but_who_hands_out_the_secrets_and_who_backs_up() -> None:
    assert {name: one["user"] for name, one in SERVICES.items() if "user" in one} == {
        "redis": "999:999",
        "postgres": "999:999",
        "provision": "0:0",
        "access": "999:999",
        "operator": "0:0",
        "prometheus": "65534:65534",
        "certificate": "0:0",
    }
    assert re.findall(r"^USER (\S+)$", IMAGE, re.MULTILINE) == ["10002:10002", "10001:10001"]
    for name in HANDS_OUT:
        assert SERVICES[name]["network_mode"] == "none"


def test_backups_and_keys_go_to_two_places_and_nothing_of_it_starts_by_itself() -> None:
    operator = SERVICES["operator"]
    assert operator["profiles"] == ["operator"]
    assert "ports" not in operator
    places = dict(one.split("}:")[::-1] for one in operator["volumes"] if one.startswith("$"))
    assert places["/backups"] != places["/keys"]


KEYS = {
    "door": "door_key",
    "archive": "reporting_key",
    **{name: f"{name}_key" for name in DECIDING},
}
DATABASE = {
    "projector": "database_url",
    "archive": "database_url_reader",
    "web": "database_url_reader",
}


def test_a_service_gets_its_own_key_and_address_and_nobody_elses() -> None:
    for name in PROCESSES:
        given = {one for one in SERVICES[name]["secrets"] if isinstance(one, str)}
        expected = {one[name] for one in (KEYS, DATABASE) if name in one}
        if name != "web":
            expected.add(f"redis_url_{name}")
        if name == "door":
            expected.add("publisher_tokens")
        if name == "archive":
            expected.add("root_spki")
        assert given == expected


def test_one_process_writes_the_archive_and_everybody_else_only_reads_it() -> None:
    for name in PROCESSES:
        volumes = {"archive:/archive" if name == "archive" else "archive:/archive:ro"}
        if name == "door":
            volumes.add("evidence:/evidence")
        assert set(SERVICES[name]["volumes"]) == volumes


def test_secrets_come_from_files_alone() -> None:
    folder = "${THIDUA_SECRETS:-./secrets}/"
    for name, secret in COMPOSE["secrets"].items():
        assert secret.keys() == {"file"}, name
        assert secret["file"].startswith(folder), name
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            # Where the doors, the page and the vault's own file are is no secret.
            secret = re.search("PASSWORD|KEY|SECRET|URL", variable)
            if secret and variable not in ("THIDUA_URL", "THIDUA_VAULT_URL", "THIDUA_DOOR_URL"):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"


def test_the_image_is_made_in_two_stages_from_the_lock_and_names_one_base() -> None:
    assert set(re.findall(r"^FROM (\S+)", IMAGE, re.MULTILINE)) == {"${BASE}"}
    assert re.findall(r"^FROM \S+ AS (\w+)", IMAGE, re.MULTILINE) == ["proxy", "build", "thidua"]
    assert "--require-hashes" in IMAGE
    assert "# syntax" not in IMAGE
    assert not re.search(r"^(ARG|ENV).*(PASSWORD|SECRET|TOKEN)", IMAGE, re.MULTILINE)
    assert "latest" not in str([one["image"] for one in SERVICES.values()])


def test_every_variable_of_the_compose_file_is_in_the_example_and_a_default_is_the_same() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    example = variables()
    used = re.findall(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}", text)
    assert {name for name, _, _ in used} == example.keys()
    for name, kind, default in used:
        assert kind, f"{name} neither has a default nor is required"
        if kind == "-" and default:
            assert default == example[name], name
