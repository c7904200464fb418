"""``.env.example`` tells of every variable that the code reads, of no other, and as the code takes it."""

from __future__ import annotations

import ast
import re
import secrets
from pathlib import Path

import pytest

from lipsync_core import PROVIDERS, ROOT, Settings
from lipsync_core.accounts.reach import Accounts
from lipsync_core.config.known import AWS, OWN, VENDOR_PREFIXES, known
from lipsync_core.config.variables import Given
from lipsync_core.job import LIVE
from lipsync_core.people.team import new_secret

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
LINES = re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE)
STUDIOS = re.compile(r"STUDIO_[A-Z0-9_]+")


def read_by_the_code() -> set[str]:
    """The studio's own variables, from every string that is one, and those that each vendor's module declares."""
    modules = [ROOT / "app.py", *(ROOT / "lipsync_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    strings = {
        node.value
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = {text for text in strings if STUDIOS.fullmatch(text)}
    found |= {variable.name for variable in AWS}
    for provider in PROVIDERS.values():
        found |= set(provider.variables)
    return found


def test_each_variable_is_listed_once_and_none_that_nothing_reads() -> None:
    listed = [name for name, _value in LINES]
    assert sorted(listed) == sorted(read_by_the_code())


def test_each_has_an_explanation_above_it() -> None:
    for block in EXAMPLE.split("\n\n"):
        assert not re.match(r"# [A-Z][A-Z0-9_]+=", block), block


def test_the_table_of_what_is_known_has_each_variable_that_the_code_reads() -> None:
    assert sorted(known(Given({"JOYPIX_API_KEY": "1"}, {}, ".env"))) == sorted(read_by_the_code())
    assert not [name for name in OWN if name.startswith(VENDOR_PREFIXES)]


@pytest.mark.parametrize(("name", "value"), [line for line in LINES if line[0].startswith(VENDOR_PREFIXES)])
def test_a_vendors_variable_reaches_the_vendor(name: str, value: str) -> None:
    value = value.replace("…", "a-key")
    assert Settings.from_env({name: value}, dotenv=Path("no.env")).vendors == {name: value}


def test_what_stands_there_is_taken_as_it_is_and_shows_the_defaults(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    lines = {name: value.replace("…", "a-key") for name, value in LINES}
    # Nothing that is printed may be one of these.
    lines |= {"STUDIO_NOTIFY_SECRET": new_secret(), "STUDIO_METRICS_TOKEN": secrets.token_urlsafe()}
    dotenv.write_text("\n".join(f"{name}={value}" for name, value in lines.items()), encoding="utf-8")
    settings = Settings.from_env({}, dotenv=dotenv)
    unset = Settings.from_env({}, dotenv=tmp_path / "no.env")
    assert (settings.sandbox, settings.sandbox_speed) == (True, unset.sandbox_speed)
    given, usual = Accounts(settings, str), Accounts(unset, str)
    for provider_id, provider in PROVIDERS.items():
        assert given.of(provider_id, LIVE).base_url == usual.of(provider_id, LIVE).base_url
        assert given.slots(provider_id) == usual.slots(provider_id)
        assert given.providers[provider_id].assumed == provider.assumed
