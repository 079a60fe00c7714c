"""What typer refuses of a command line, in one line, with the nearest word that it knows."""

import re
from collections.abc import Mapping
from typing import Any

from leo_bench.evaluation.files.known_names import did_you_mean

_COMMAND = re.compile(r"No such command '(.*)'", re.DOTALL)
_PYDANTIC = "Value error, "  # typer lets it check values
_CHOICE = re.compile(r"'(.*)' is not one of ", re.DOTALL)


def refusal(error: Any) -> str:
    """The line for an error of typer's on a command, an option or a value.

    Args:
        error: typer's; `ctx` is the context of the command that refused.
    """
    what = error.format_message().replace(_PYDANTIC, "").rstrip(".")
    if error.ctx is None:
        return f"{what}; see `leo-bench --help`"
    guess, command = "", error.ctx.command
    if found := _COMMAND.search(what):
        guess = did_you_mean(found[1], (known := _commands(command)), known.__getitem__)
    elif given := getattr(error, "option_name", None):
        what = error.message.rstrip(".")  # without typer's own guesses
        names = [name for each in command.get_params(error.ctx) for name in each.opts]
        options = [name for name in names if name.startswith("-")]  # not names of arguments
        guess = "" if given in options else did_you_mean(given, options)
    elif found := _CHOICE.search(error.message):
        guess = did_you_mean(found[1], map(str, error.param.type_descriptor.choices))
    return f"{what}; {guess}see `{error.ctx.command_path} --help`"


def _commands(group: Any) -> Mapping[str, str]:
    """What to type for each command of a group, by its name, and by that of its own ones.

    Of several that have one name, such as `data list` and `weights list`, the first.
    """
    inner = {
        key: f"{name} {verb}"
        for name, command in reversed(group.commands.items())
        for verb in getattr(command, "commands", ())
        for key in (verb, f"{name} {verb}")
    }
    return inner | {name: name for name in group.commands}
