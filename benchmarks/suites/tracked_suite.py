"""Logs a suite to trackers while it runs: a run for each benchmark and model, once.

`RECORDS/.trackers` remembers what each tracker has, so that a suite that is continued, or run again
with another tracker, logs only what that tracker lacks.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leo_bench.benchmarks.scores.tracked import Tracked, track
from leo_bench.benchmarks.suites.run import Done
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import settings_digest

HAVE = ".trackers"


@dataclass
class TrackedSuite:
    """The numbers of one benchmark and model wait until all of them are there.

    Args:
        trackers: names; none: nothing is logged.
        records: the folder of the suite's records.
        say: shows a line to the user.
    """

    trackers: Sequence[str]
    records: Path
    say: Callable[[str], None]
    _waiting: list[Done] = field(default_factory=list)

    def take(self, done: Done) -> None:
        """Log what waits if it is of another benchmark or model; then let this number wait."""
        if self._waiting and _of(self._waiting[0]) != _of(done):
            self.close()
        self._waiting.append(done)

    def close(self) -> None:
        """Log what waits."""
        waiting, self._waiting = self._waiting, []
        found = {done.number: done.record for done in waiting if done.record is not None}
        if not found or not self.trackers:
            return
        name = _of(waiting[0])
        digest = settings_digest({number: record.content() for number, record in found.items()})
        have = self._have()
        lacking = [one for one in self.trackers if have.get(one, {}).get(name) != digest]
        for one in set(self.trackers) - set(lacking):
            self.say(f"{one} has these numbers already: {name}")
        numbers = [Tracked(record) for record in found.values()]
        for one in track(lacking, numbers, self.say, {number.source: name for number in numbers}):
            have.setdefault(one, {})[name] = digest
        write_atomically(self.records / HAVE, f"{json.dumps(have, indent=1)}\n".encode())

    def _have(self) -> dict[str, dict[str, str]]:
        """By tracker, the digests of what was logged; nothing if the file is damaged."""
        path = self.records / HAVE
        try:
            found = read_json(path) if path.exists() else {}
        except InputError as error:
            self.say(f"{error}; all numbers are logged again")
            return {}
        return found if isinstance(found, dict) else {}


def _of(done: Done) -> str:
    return f"{done.model}, {done.benchmark}"
