"""Looks into many files in one process with a worker's limits: ``python -m tests.looking MEMORY_MB MANIFEST``.

A worker opens one file and ends. What is promised of a file is kept here by the same code under the same limits; only
that the next file finds a fresh process is not, which makes it harder to keep. For each file a line says that it is
begun and one what became of it; so whoever reads them knows which file ended the process.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from lipsync_core.errors import MediaError
from lipsync_core.worker import cage, child, tasks

NEXT: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("write_jpeg", {"most_bytes": 100_000}),
    "audio": ("write_wav", {}),
    "video": ("cut_video", {"start_s": 0.1, "end_s": 0.3, "most_side": 32}),
}
"""What an accepted file is made into: that, too, has to end with a file or in words."""


def main() -> None:
    """Go through the manifest."""
    child.be_modest()
    # Limits only, no cage: in there a file that phones would not be heard.
    cage.limit(cage.Bounds(reads=(), writes="", memory_mb=int(sys.argv[1]), file_mb=4096, cpu_s=3600))
    for entry in json.loads(Path(sys.argv[2]).read_text()):
        path, kind = Path(entry["path"]), entry["kind"]
        print(json.dumps({"begun": path.name}), flush=True)
        started = time.monotonic()
        became = _tried(f"look_{kind}", path, {"preview": "p.jpg", "thumb": "t.jpg"} if kind != "audio" else {})
        if became == "taken":
            task, more = NEXT[kind]
            became = f"taken, then {_tried(task, path, {'out': str(path.with_suffix('.out')), **more})}"
        for left in ("p.jpg", "t.jpg", path.with_suffix(".out")):
            Path(left).unlink(missing_ok=True)
        print(json.dumps({"became": became, "seconds": time.monotonic() - started}), flush=True)
    print(json.dumps({"peak_mb": _peak_mb()}), flush=True)


def _tried(task: str, path: Path, more: dict[str, Any]) -> str:
    try:
        tasks.task(task)({"path": str(path), "name": path.name, **more}, lambda _done, _total: None)
    except MediaError as error:
        return f"refused: {error}"
    except MemoryError:
        return "out of memory"
    except Exception as error:
        return f"ESCAPED {type(error).__name__}: {error}"
    return "taken"


def _peak_mb() -> float:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return float(status["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    main()
