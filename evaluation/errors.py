"""The two ways a run can stop: the user's input, or the machine underneath.

The command line prints the message as one line and leaves with `exit_code`; everything else is a
bug, shows its traceback and leaves with 3. A message says what is wrong, where, and what to do.
"""


class InputError(Exception):
    """Something the user gave cannot be used: a path, a file, an option, a data file."""

    exit_code = 2


class InfrastructureError(Exception):
    """Something under the run failed: the network, a device, a subprocess."""

    exit_code = 3


class BadVideoError(InputError):
    """One video cannot be read; the rest of its source may be sound.

    Args:
        video: the video's name in its source.
        reason: what is wrong with it, without the name.
    """

    def __init__(self, video: str, reason: str) -> None:
        super().__init__(f"{video}: {reason}")
        self.video = video
        self.reason = reason

    def placed(self, where: str) -> "BadVideoError":
        """The same of the same video, with a message that names its source first."""
        placed = BadVideoError(self.video, self.reason)
        placed.args = (f"{where}: {self}",)
        return placed
