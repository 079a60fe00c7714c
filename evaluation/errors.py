"""Expected errors: unusable input (exit code 2), or a failure of the machine (exit code 3).

The command line prints the message as one line and exits with `exit_code`. Any other exception is a
bug: it shows its traceback and exits with 3. A message says what is wrong, where, and what to do.
"""


class InputError(Exception):
    """Something the user gave cannot be used: a path, a file, an option, a data file."""

    exit_code = 2


class InfrastructureError(Exception):
    """The network, a device or a subprocess failed."""

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

    def __reduce__(self) -> tuple[object, ...]:
        """For worker processes: video, reason and message."""
        return type(self), (self.video, self.reason), {"args": self.args}

    def placed(self, where: str) -> "BadVideoError":
        """The same error, with a message that names the video's source first."""
        placed = BadVideoError(self.video, self.reason)
        placed.args = (f"{where}: {self}",)
        return placed
