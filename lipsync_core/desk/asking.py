"""How often people may have a vendor asked at once about the same job."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from lipsync_core.net.deadline import boot_s

EVERY_S = 10.0
"""Vendors count requests, and no answer gets better within seconds."""
_REMEMBERED = 1_000


@dataclass(slots=True)
class Asking:
    """When each job was last asked about on a person's wish. Thread-safe."""

    _asked: dict[int, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait_s(self, job_id: int) -> float:
        """Return 0 and note the wish if a vendor may be asked about the job now, else in how many seconds it may."""
        with self._lock:
            now = boot_s()
            left = self._asked.get(job_id, now - EVERY_S) + EVERY_S - now
            if left > 0:
                return left
            if len(self._asked) >= _REMEMBERED:
                self._asked = {one: at for one, at in self._asked.items() if now - at < EVERY_S}
            self._asked[job_id] = now
            return 0.0
