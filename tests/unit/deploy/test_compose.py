"""compose.yaml follows its specification, and what it names agrees with the studio, the image and the balancer."""

from __future__ import annotations

import ipaddress
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lipsync_core import ROOT, Settings
from lipsync_core.config.known import OWN, known
from lipsync_core.config.variables import Given
from tests.image import stages

BALANCER = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
OURS = ("studio-1", "studio-2", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as it is."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


def filled(value: str, given: dict[str, str]) -> str:
    """A value with ``${NAME:-default}`` and ``${NAME:?what is missing}`` filled in."""
    return re.sub(r"\$\{(\w+):([-?])([^}]*)\}", lambda found: given.get(found[1]) or found[3], value)


def test_it_follows_the_specification_of_compose_files() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    checked = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_it_names_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= services.keys()
        assert set(service["networks"]) <= compose["networks"].keys()
        for mount in service.get("volumes", ()):
            source, target = mount.split(":")[:2]
            assert source in compose["volumes"] or (ROOT / source).is_file(), mount
            assert target.startswith("/")
    for name in OURS:
        assert all("healthcheck" in services[needed] for needed in services[name]["depends_on"]), name


@pytest.mark.parametrize("name", OURS)
def test_a_studio_starts_with_the_settings_that_it_is_given(compose: dict[str, Any], name: str) -> None:
    given = {"POSTGRES_PASSWORD": "0123456789abcdef", "S3_SECRET": "fedcba9876543210"}
    variables = {key: filled(value, given) for key, value in compose["services"][name]["environment"].items()}
    assert variables.keys() <= OWN.keys(), "each is one that the studio reads"
    variables |= {"STUDIO_DATABASE_URL": "sqlite:////data/studio.db"}
    settings = Settings.from_env(stages()[-1].environment | variables, dotenv=Path("no.env"))
    assert settings.bucket == ("studio", "")
    assert settings.draft_slots == (1 if name == "worker" else 0)
    assert settings.media_dir == Path("/data/media")
    assert settings.proxies == (compose["services"]["balancer"]["networks"]["inside"]["ipv4_address"],)
    assert known(Given(variables, {}, ".env")).keys() >= variables.keys()


@pytest.mark.parametrize("name", OURS)
def test_a_studios_container_can_write_its_volume_and_nothing_else(compose: dict[str, Any], name: str) -> None:
    service, image = compose["services"][name], stages()[-1]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [mount.split(":")[1] for mount in service["volumes"]] == image.values("VOLUME")


def test_the_balancer_reaches_each_studio_and_is_reached_from_this_computer_only(compose: dict[str, Any]) -> None:
    services = compose["services"]
    addresses = {services[name]["networks"]["inside"]["ipv4_address"] for name in ("studio-1", "studio-2")}
    (port,) = stages()[-1].values("EXPOSE")
    assert set(re.findall(r"server (\S+?)(?: max| backup)", BALANCER)) == {f"{one}:{port}" for one in addresses}
    (published,) = services["balancer"]["ports"]
    assert published.startswith("127.0.0.1:")
    assert f"listen {published.rpartition(':')[2]};" in BALANCER
    assert [name for name, service in services.items() if "ports" in service] == ["balancer"]
    (network,) = compose["networks"]["inside"]["ipam"]["config"]
    fixed = {*addresses, services["balancer"]["networks"]["inside"]["ipv4_address"]}
    for address in map(ipaddress.ip_address, fixed):
        assert address in ipaddress.ip_network(network["subnet"])
        assert address not in ipaddress.ip_network(network["ip_range"]), "else another container may have taken it"


def test_no_key_or_password_stands_in_it() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    secret = re.findall(r"^\s+(\w*(?:PASSWORD|SECRET)\w*): (.+)$", text, re.MULTILINE)
    assert len(secret) >= 3
    assert all(value.startswith("${") and ":?" in value for _name, value in secret)
