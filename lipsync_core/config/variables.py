"""Variables of the environment and ``.env``, read strictly: a misread switch can cost money.

An unreadable value stops the start with a `SettingsError` that says where it was given and names the variable, shows
its value (never that of a key) and says what to set. Unreadable values never count as “not set”. What variables there
are is in `lipsync_core.config.known`; how each kind of value is read, in `lipsync_core.config.kinds`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from lipsync_core.config.dotenv_file import UNREAD, Line, lines_of
from lipsync_core.errors import SettingsError

log = logging.getLogger(__name__)

T = TypeVar("T")

ENVIRONMENT = "the environment"
_QUOTES = tuple("\"'“”„‘’‚«»`")
_UNFILLED = re.compile(r"\$\{|\$\(|\$[A-Za-z_]+|%[A-Za-z_]{3,}%")
"""What one shell or another would fill in."""
_UNFILLED_KEY = re.compile(r"\$\{|\$\(")
"""The same in a key, which may have a dollar sign of its own."""
_FORMS = {"${": "${…}", "$(": "$(…)"}
_INJECTED = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$")
"""The ends of the names that Docker's links and Kubernetes give a container for each service near it."""
_ALIKE = 0.85
ALIKE_FROM = 3
"""So many first letters must be right where names are not written by hand; there may be hundreds."""
_SWITCH = "STUDIO_SANDBOX"
"""The only variable whose misspelling costs money: a near spelling of it stops the start wherever it is."""


@dataclass(frozen=True, slots=True)
class Variable(Generic[T]):
    """One variable that the studio knows: its name, and how its value is read.

    ``read`` is given the name and the stripped text, which is not empty; it raises `SettingsError` with a sentence that
    begins with the name. The value of a ``secret`` one is never shown.
    """

    name: str
    read: Callable[[str, str], T]
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """The variables of the environment, and of ``.env`` where the environment does not have them."""

    environ: Mapping[str, str]
    lines: Mapping[str, Line]
    file: str
    """The name of the file with these lines."""

    @classmethod
    def of(cls, environ: Mapping[str, str], dotenv: Path) -> Given:
        """Read the file; it need not exist. Raises `SettingsError`."""
        return cls(environ, lines_of(dotenv), dotenv.name)

    @property
    def names(self) -> set[str]:
        """Every name, whether it is ours or not."""
        return {*self.environ, *self.lines}

    def text(self, name: str) -> str:
        """Return a value as text without spaces around it; empty if it is not given."""
        value = self.environ.get(name)
        if value is None:
            value = self.lines[name].value if name in self.lines else ""
        return value.strip()

    def value(self, variable: Variable[T]) -> T | None:
        """Return a variable's value; None if it is not given or empty. Raises `SettingsError`."""
        text = self.text(variable.name)
        if not text:
            return None
        try:
            _check_plain(variable, text)
            return variable.read(variable.name, text)
        except SettingsError as error:
            raise self.refused(variable.name, str(error)) from None

    def refused(self, name: str, why: str) -> SettingsError:
        """Return the error that says where a variable was given and what is wrong with it."""
        return SettingsError(f"In {self._place(name)}: {why}")

    def check(self, known: Mapping[str, Variable[Any]], prefixes: tuple[str, ...]) -> None:
        """Check every name that is ours or looks so, and every value of a known one.

        An unknown name that looks like ours stops the start in ``.env``, which is written by hand. In the environment,
        which orchestrators fill, the log has a word about it.

        Raises:
            SettingsError: such a name, a variable that is given twice, or a value that cannot be read.
        """
        unknown = [name for name in self.names if name not in known]
        looking = Looks(tuple(known), prefixes)
        strays: list[str] = []
        for name in sorted(unknown):
            meant = looking.meant_by(name) if name in self.lines or looking.begins_alike(name) else None
            if meant is None:
                continue
            if name in self.lines or (meant == _SWITCH and not _INJECTED.search(name)):
                did_you = f" Did you mean {meant}?" if meant else f" Correct it, or remove it from {self.file}."
                raise self.refused(name, f"{name} is not a variable of the studio.{did_you}")
            strays.append(name)
        if strays:
            _say(f"these variables in the environment are not the studio's and have no effect: {', '.join(strays)}")
        if pages := sorted(name for name in self.lines if name.startswith("STREAMLIT_")):
            _say(
                f"Streamlit does not read {self.file}, so this has no effect there: {', '.join(pages)}. "
                "Set it in the environment or in .streamlit/config.toml"
            )
        for name, variable in known.items():
            self._check_once(name)
            self.value(variable)

    def _check_once(self, name: str) -> None:
        line = self.lines.get(name)
        if line is None or len(line.numbers) == 1:
            return
        *others, last = map(str, line.numbers)
        lines = f"lines {', '.join(others)} and {last}"
        if len(line.values) > 1:
            raise SettingsError(f"In {self.file}, {lines}: {name} is given more than once. Keep one of these lines.")
        _say(f"{self.file}, {lines}: {name} is given more than once, with the same value")

    def _place(self, name: str) -> str:
        if name in self.environ or name not in self.lines:
            return ENVIRONMENT
        return f"{self.file}, line {self.lines[name].numbers[-1]}"


@dataclass(frozen=True, slots=True)
class Looks:
    """Tells which unknown names look like one of the ``known``: all that begin like them, and near spellings."""

    known: tuple[str, ...]
    prefixes: tuple[str, ...]

    def begins_alike(self, name: str) -> bool:
        """Whether the first letters are those of a name of ours, so that it is worth comparing."""
        return name.upper().startswith(tuple({prefix[:ALIKE_FROM] for prefix in self.prefixes}))

    def meant_by(self, name: str) -> str | None:
        """Return the known name that is probably meant, empty if none is near; None if it does not look like ours."""
        upper = name.upper()
        near = get_close_matches(upper, self.known, 1, _ALIKE)
        if near:
            return near[0]
        within = [one for one in self.known if re.search(rf"(?<![A-Z0-9_]){one}(?![A-Z0-9])", upper)]
        if within:
            return max(within, key=len) if not upper.startswith(self.prefixes) else ""
        return self._nearest(upper) if upper.startswith(self.prefixes) else None

    def _nearest(self, upper: str) -> str:
        """Compare without the prefix: what is short would be near to everything with the same one."""
        prefix = next(one for one in self.prefixes if upper.startswith(one))
        rests = {one.removeprefix(prefix): one for one in self.known if one.startswith(prefix)}
        found = get_close_matches(upper.removeprefix(prefix), list(rests), 1, 0.7)
        return rests[found[0]] if found else ""


def _check_plain(variable: Variable[Any], text: str) -> None:
    """Raise `SettingsError` for what a shell, an editor or Docker left in a value."""
    name = variable.name
    told = "…" if "://" in text and "@" in text else text  # the text before an @ may be a password
    shown = f"{name} has" if variable.secret else f"{name} is “{told}”, with"
    if UNREAD in text:
        raise SettingsError(f"{name} has a letter that is not UTF-8 text. Save the file as UTF-8.")
    if text.startswith(_QUOTES) or text.endswith(_QUOTES):
        raise SettingsError(
            f"{shown} a quotation mark that counts as part of it (Docker keeps them in an --env-file). Remove it."
        )
    if unfilled := (_UNFILLED_KEY if variable.secret else _UNFILLED).search(text):
        form = _FORMS.get(unfilled[0], unfilled[0])
        raise SettingsError(f"{shown} {form}, which is not expanded. Write out its value.")


@cache
def _say(what: str) -> None:
    """Write it to the log, once for each process, however often the settings are read."""
    log.warning("%s", what)


def table(variables: Iterable[Variable[Any]]) -> Mapping[str, Variable[Any]]:
    """Return variables by their name."""
    return {variable.name: variable for variable in variables}
