"""The container image without a container engine: what the Dockerfile says, and its steps run in folders.

``python -m tests.image`` runs every step in a Debian that debootstrap makes, which it needs together with root, and the
network for packages. Then it starts what the image starts: as its user, with a root file system that nobody can write
to. It asks the health check, and renders a draft from a written text. `.ci/nightly` runs it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

from tests.again import ROOT

PYTHON_OF_DEBIAN = {"bookworm": "3.11"}
"""Which official Python images `python:VERSION-slim-RELEASE` can be played by Debian's own Python."""


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the official images look for programs."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line: its instruction in capitals, and the rest, in one line."""

    instruction: str
    value: str


@dataclass(slots=True)
class Stage:
    """What stands below one FROM."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def values(self, instruction: str) -> list[str]:
        """What the lines with this instruction say, in their order."""
        return [step.value for step in self.steps if step.instruction == instruction]

    def words(self, instruction: str) -> list[str]:
        """The command of the only CMD or HEALTHCHECK, which is written as a list."""
        (value,) = self.values(instruction)
        words: list[str] = json.loads(value[value.index("[") :])
        return words

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets."""
        pairs = [word.partition("=") for value in self.values("ENV") for word in shlex.split(value)]
        return {name: value for name, _is, value in pairs}


def stages(dockerfile: Path = ROOT / "Dockerfile") -> list[Stage]:
    """Read a Dockerfile; the last stage becomes the image."""
    found: list[Stage] = []
    for line in DockerfileParser(path=str(dockerfile)).structure:
        step = Step(line["instruction"], " ".join(line["value"].split()))
        if step.instruction == "FROM":
            base, _as, name = re.sub(r"\s+AS\s+", " AS ", step.value).partition(" AS ")
            found.append(Stage(base, name))
        elif step.instruction != "COMMENT":
            found[-1].steps.append(step)
    return found


def context(folder: Path) -> list[Path]:
    """The files of ``folder`` that an engine is given, by Docker's own reading of .dockerignore."""
    lines = [line.strip() for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    given = (Path(name) for name in exclude_paths(str(folder), patterns))
    always = {Path("Dockerfile"), Path(".dockerignore")}  # the engine needs them, and a COPY names neither
    return sorted(name for name in given if (folder / name).is_file() and name not in always)


def copy(value: str, workdir: str, root: Path, given: Iterable[Path], from_folder: Path) -> None:
    """Do one COPY of files from the context: each of its sources must be there.

    As an engine does it: of a folder the contents are copied, and a target that ends in / is a folder.
    """
    *sources, target = shlex.split(value)
    into = root / workdir.lstrip("/") / target
    for source in sources:
        files = [name for name in given if name == Path(source) or Path(source) in name.parents]
        assert files, f"COPY {source}: not among what .dockerignore lets through"
        for name in files:
            whole = name == Path(source)
            place = (into / name.name if target.endswith("/") else into) if whole else into / name.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(from_folder / name, place)


def copied(stage: Stage, root: Path) -> Iterator[str]:
    """Do every COPY from the context into ``root``; yields the working directory after each."""
    given, workdir = context(ROOT), "/"
    for step in stage.steps:
        if step.instruction == "WORKDIR":
            workdir = step.value
        elif step.instruction == "COPY" and not step.value.startswith("--from="):
            copy(step.value, workdir, root, given, ROOT)
            yield workdir


class Debian:
    """A Debian in a folder, entered by chroot."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def made(cls, root: Path, image: str) -> Debian:
        """Make one that is like an official Python image: its interpreter is ``python``."""
        version, release = re.fullmatch(r"python:([\d.]+)-slim-(\w+)", image).groups()  # type: ignore[union-attr] # else an error, rightly
        assert PYTHON_OF_DEBIAN[release] == version
        packages = "--include=python3,python3-venv,ca-certificates"
        subprocess.run(["debootstrap", "--variant=minbase", packages, release, str(root)], check=True)
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        for file in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):  # this machine's network
            if (Path("/") / file).exists():
                shutil.copy(Path("/") / file, root / file)
        return cls(root)

    def copy(self, root: Path) -> Debian:
        """Another that is the same."""
        subprocess.run(["cp", "--archive", str(self.root), str(root)], check=True)
        return Debian(root)

    def run(self, command: str, workdir: str, environment: Mapping[str, str]) -> None:
        """Run a line of RUN as root."""
        line = ["chroot", str(self.root), "/bin/sh", "-ec", f"cd {shlex.quote(workdir)}; {command}"]
        subprocess.run(line, check=True, env={**_network(), "PATH": PATH, **environment})

    def run_sealed(self, script: str, user: str, environment: Mapping[str, str], volume: str, workdir: str) -> None:
        """Run a script as the image's user, where only the volume and /tmp can be written."""
        root = shlex.quote(str(self.root))
        chroot, sealed = shutil.which("chroot", path=PATH), shlex.quote(f"cd {workdir}; {script}")
        inner = f"{chroot} --userspec={user} {root} /bin/sh -ec {sealed}"
        mounts = (
            f"--bind {root} {root}",
            f"--bind {root}{volume} {root}{volume}",
            f"-o remount,bind,ro {root}",
            f"-t tmpfs -o mode=1777 tmpfs {root}/tmp",
            f"-t proc proc {root}/proc",
            f"--rbind /dev {root}/dev",
        )
        seal = "".join(f"mount {mount}; " for mount in mounts)
        line = [
            shutil.which("unshare", path=PATH) or "unshare",
            "--mount",
            "--pid",
            "--fork",
            "/bin/sh",
            "-ec",
            f"{seal}{inner}",
        ]
        subprocess.run(line, check=True, env=dict(environment))


def _network() -> dict[str, str]:
    """The variables by which this machine reaches package registries."""
    ours = re.compile(r"(https?|no)_proxy|PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|DEFAULT_TIMEOUT)", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if ours.fullmatch(name)}


def build(folder: Path) -> tuple[Debian, Stage]:
    """Run all stages in ``folder``, and return the last one."""
    recipe = stages()
    bases = {stage.base for stage in recipe}
    clean = {base: Debian.made(folder / f"base{number}", base) for number, base in enumerate(sorted(bases))}
    given, done = context(ROOT), dict[str, Debian]()
    for number, stage in enumerate(recipe):
        debian = clean[stage.base].copy(folder / f"stage{number}")
        workdir, environment = "/", dict[str, str]()
        for step in stage.steps:
            print(f"[{number + 1}/{len(recipe)}] {step.instruction} {step.value[:100]}", flush=True)
            match step.instruction:
                case "RUN":
                    debian.run(step.value, workdir, environment)
                case "WORKDIR":
                    workdir = step.value
                    (debian.root / workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
                case "ENV":
                    environment |= Stage("", "", [step]).environment
                case "COPY" if step.value.startswith("--from="):
                    source, path, target = step.value.removeprefix("--from=").split()
                    into = debian.root / target.lstrip("/")
                    into.parent.mkdir(parents=True, exist_ok=True)
                    subprocess.run(["cp", "--archive", f"{done[source].root}{path}", str(into)], check=True)
                case "COPY":
                    copy(step.value, workdir, debian.root, given, ROOT)
        done[stage.name] = debian
    return debian, recipe[-1]


DRAFT = """
from lipsync_core import Brief, Studio
studio = Studio.from_env()
face = "lipsync_core/samples/grace_hopper.jpg"
brief = Brief(scene="portrait", engine="draft/portrait", image=face, text="Hello!", speaker="en-us")
job = studio.wait(studio.submit(brief, by="ana").id, timeout_s=600)
print("A draft is", job.state, "in", job.output)
raise SystemExit(job.state != "done")
"""


def main() -> None:
    """Build, start, ask, render."""
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        debian, image = build(Path(name))
        (volume,), (user,) = image.values("VOLUME"), image.values("USER")
        ask = shlex.join(image.words("HEALTHCHECK"))
        script = f"""
            touch /srv/studio/written 2>/tmp/why && {{ echo 'The root file system can be written'; exit 1; }}
            {shlex.join(image.words("CMD"))} & server=$!
            until {ask} 2>/tmp/why; do kill -0 $server; sleep 0.2; done; echo 'The health check is passed'
            python -c {shlex.quote(DRAFT)}
            kill -TERM $server; wait $server || test $? = 143 # it ends in good order, and then by the signal
        """
        environment = image.environment | {"STUDIO_ALLOW_OPEN": "1"}
        debian.run_sealed(script, user, environment, volume, image.values("WORKDIR")[-1])
    print("The image's steps run, and what they make starts and renders.")


if __name__ == "__main__":
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("This needs root, and debootstrap (Debian: apt-get install debootstrap).")
    main()
