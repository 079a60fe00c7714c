"""Checks of a command line that hold for every command, and old names of options."""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, get_args, get_type_hints

import typer
from typer.core import TyperGroup

from leo_bench.benchmarks.cli.help_pages import HelpfulGroup
from leo_bench.evaluation.errors import InputError

LARGEST = 2**31 - 1  # of whole numbers; of seeds it is LARGEST_SEED
LARGEST_SEED = 2**63 - 1

# Old spelling -> the option's name now, with its value where the old one was a flag. Commands that
# have the new one accept the old one, too.
RENAMED = {"--precision": "--dtype", "--tensorboard": "--track=tensorboard"}


class CheckedGroup(HelpfulGroup):
    """The commands; refuses empty values, unbounded numbers and names that are not UTF-8.

    Only an option whose default is "" may be empty.
    """

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """As typer's, after the checks.

        Raises:
            InputError: a word cannot be a value of its option.
        """
        words = sys.argv[1:] if args is None else list(args)
        for word in words:
            _check_text(word)
        words = _renamed(self, words)
        for given in _values(self, words):
            _check_value(given)
        return super().main(words, *rest, **extra)


class _Given(NamedTuple):
    """A value of the command line; `option` is "" for an argument, `kinds` are its types."""

    option: str
    value: str
    kinds: tuple[object, ...] = ()
    may_be_empty: bool = False


def _command(group: TyperGroup, words: Sequence[str]) -> tuple[Any, list[str]]:
    """The command that `words` name, None if there is none, and the words after it."""
    command: Any = group
    waiting = list(words)
    while isinstance(command, TyperGroup):
        if not waiting or waiting[0].startswith("-"):
            return None, waiting
        command = command.commands.get(waiting.pop(0))
    return command, waiting


def _options(command: Any) -> dict[str, Any]:
    return {name: parameter for parameter in command.params for name in parameter.opts}


def _renamed(group: TyperGroup, words: list[str]) -> list[str]:
    """The words with today's names of options, saying so for each old one."""
    command, waiting = _command(group, words)
    if command is None:
        return words
    options = _options(command)
    found = words[: len(words) - len(waiting)]
    for word in waiting:
        name, equals, value = word.partition("=")
        new = RENAMED.get(name, "")
        if new.partition("=")[0] in options and name not in options:
            typer.echo(f"leo-bench: {name} is now called {new}", err=True)
            word = f"{new}{equals}{value}"
        found.append(word)
    return found


def _values(group: TyperGroup, words: Sequence[str]) -> Iterator[_Given]:
    """The values after the command; typer reports every other mistake."""
    command, waiting = _command(group, words)
    if command is None or command.callback is None:
        return
    hints = get_type_hints(command.callback)
    options = _options(command)
    while waiting:
        option, equals, value = waiting.pop(0).partition("=")
        if not option.startswith("-"):
            yield _Given("", option + equals + value)
        elif (parameter := options.get(option)) is not None and not parameter.is_flag:
            if not equals:
                value = waiting.pop(0) if waiting else "-"
            hint = hints.get(parameter.name)
            yield _Given(option, value, (hint, *get_args(hint)), parameter.default == "")


def _check_text(word: str) -> None:
    try:
        word.encode()
    except UnicodeEncodeError:
        shown = word.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise InputError(
            f"{shown}: is not UTF-8, and a record could not name it; rename it, or link to it "
            "under another name"
        ) from None


def _check_value(given: _Given) -> None:
    option, value = given.option, given.value
    if value == "" and not given.may_be_empty:
        raise InputError(f"{option or 'argument'}: is empty; give a value, or leave it out")
    try:
        number = float(value) if float in given.kinds else 0.0
        whole = int(value) if int in given.kinds else 0
    except ValueError:
        return  # typer says so
    if not math.isfinite(number):
        raise InputError(f"{option} {value}: must be a finite number")
    largest = LARGEST_SEED if option == "--seed" else LARGEST
    if abs(whole) > largest:
        shown = value if len(value) <= 20 else f"a number of {len(value)} digits"
        raise InputError(f"{option} {shown}: must be at most {largest}")
