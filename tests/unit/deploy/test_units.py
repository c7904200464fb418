"""The units for systemd start what there is, and do not restart what a restart cannot cure."""

from __future__ import annotations

import importlib.util
from configparser import ConfigParser, SectionProxy
from pathlib import Path

import pytest

from lipsync_core import ROOT
from lipsync_core.server.refusal import WRONG_LEDGER, WRONG_SETTING

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())


@pytest.fixture(params=UNITS, ids=lambda unit: unit.name)
def unit(request: pytest.FixtureRequest) -> ConfigParser:
    read = ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign] # as its documentation says
    read.read_string(Path(request.param).read_text(encoding="utf-8"))
    return read


@pytest.fixture
def service(unit: ConfigParser) -> SectionProxy:
    return unit["Service"]


def test_there_is_one_for_the_server_and_one_for_workers() -> None:
    assert [unit.name for unit in UNITS] == ["studio-tracker@.service", "studio.service"]


def test_it_starts_a_module_that_there_is(service: SectionProxy) -> None:
    program, _m, module, *rest = service["ExecStart"].split()
    assert program == f"{service['WorkingDirectory']}/.venv/bin/python"
    assert importlib.util.find_spec(module)
    assert all((ROOT / word).exists() for word in rest if word.endswith(".py"))


def test_it_is_not_started_again_where_a_person_has_to_do_something_first(service: SectionProxy) -> None:
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"].split() == [str(WRONG_LEDGER), str(WRONG_SETTING)]


def test_it_runs_as_an_account_of_its_own_that_writes_one_folder(service: SectionProxy) -> None:
    assert service["User"] not in ("", "root")
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("true", "strict")
    assert service["ReadWritePaths"] == f"{service['WorkingDirectory']}/data"
