"""The text of `--help`: usage, description, examples, then options or commands under headings.

Plain text of any width. Typer's own form lists all options at once and breaks examples at hyphens;
its form with colours takes a quarter of a second longer.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any, NamedTuple

from leo_bench.benchmarks.cli.headings import FIRST, LAST, MAIN, ORDER, OTHER, metavar_of

WIDEST = 120  # columns; more are hard to read
COLUMN = 26  # of an option and its metavar; longer ones get a line of their own
TOGETHER = 30  # characters in brackets that stay on one line
GUARD = 1000  # larger limits only catch typing errors, and are not shown

_JOIN = "\N{NO-BREAK SPACE}"  # holds words on one line until the lines are made
_EXAMPLES = re.compile(r"^(Start here|Examples?):\s*", re.MULTILINE)
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")


class Entry(NamedTuple):
    """One line of a list: an option with its metavar, or a command; and what it does."""

    label: str
    text: str


def command_help(usage: str, about: str, parameters: Iterable[Any], width: int) -> str:
    """The help of a command.

    Args:
        usage: `usage_of` it.
        about: its docstring; what follows "Example:" or "Examples:" is shown as it is typed.
        parameters: typer's arguments and options, with that of the help.
        width: in columns.
    """
    arguments: list[Any] = []
    options: list[Any] = []
    for each in parameters:
        if not each.hidden:
            (arguments if each.param_type_name == "argument" else options).append(each)
    sections = {"Arguments": [Entry(_name_of(each), _text_of(each)) for each in arguments]}
    for heading, found in _by_heading(options):
        sections[heading] = _entries(found)
    return "\n".join([*_top(usage, about, width), *_block(sections, width), ""])


def group_help(
    usage: str,
    about: str,
    commands: dict[str, list[Entry]],
    options: Iterable[Any],
    width: int,
) -> str:
    """The help of a group of commands.

    Args:
        usage: as it is typed.
        about: its docstring, as of `command_help`.
        commands: name and summary of its commands, by heading.
        options: typer's, with that of the help.
        width: in columns.
    """
    lines = [*_top(usage, about, width), *_block(commands, width)]
    return "\n".join([*lines, *_block({"Options": _entries(options)}, width), ""])


def usage_of(path: str, parameters: Iterable[Any]) -> str:
    """What to type: the command, its arguments, then what is required of its options."""
    words, required, has_options = [path], [], False
    for each in parameters:
        if each.param_type_name == "argument":
            name = f"{_name_of(each)}{'...' * (each.nargs != 1)}"
            words.append(name if each.required else f"[{name}]")
        elif each.required:
            required.append(_label_of(each))
        else:
            has_options = True
    return " ".join([*words, *required, *["[OPTIONS]"] * has_options])


def _entries(options: Iterable[Any]) -> list[Entry]:
    return [Entry(_label_of(each), _text_of(each)) for each in options]


def _top(usage: str, about: str, width: int) -> list[str]:
    """Usage, description and examples."""
    text, examples = _parted(about)
    lines = _filled(f"Usage: {usage}", width, "", "  ")
    for paragraph in text.split("\n\n"):
        lines += ["", *_filled(paragraph, width, "  ", "  ")]
    for heading, commands in examples.items():
        lines += ["", f"{heading}:"]
        for command in commands:
            lines += _example(command, width)
    return lines


def _block(sections: dict[str, list[Entry]], width: int) -> list[str]:
    """Lists with one column for all labels; a list without entries is left out."""
    lines: list[str] = []
    labels = [len(entry.label) for entries in sections.values() for entry in entries]
    column = max([label for label in labels if label <= COLUMN], default=0) + 4
    for heading, entries in sections.items():
        if entries:
            lines += ["", f"{heading}:"]
        for entry in entries:
            lines += _listed(entry, column, width)
    return lines


def _parted(about: str) -> tuple[str, dict[str, list[str]]]:
    """The description, and the examples by heading: a paragraph each, or a line each."""
    text, *rest = _EXAMPLES.split(cleandoc(about))
    examples = {}
    for heading, body in zip(rest[::2], rest[1::2], strict=True):
        paragraphs = cleandoc(body).strip().split("\n\n")
        examples[heading] = [" ".join(each.split()) for each in paragraphs]
    return text.strip(), examples


def _by_heading(options: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for each in options:
        heading = MAIN if each.required else each.rich_help_panel or OTHER
        found.setdefault(heading, []).append(each)
    if MAIN in found:
        found[MAIN].sort(key=_rank)  # stable: others stay as declared
    for heading in ORDER:
        if heading in found:
            yield heading, found[heading]


def _rank(option: Any) -> tuple[int, int]:
    name = option.opts[0]
    if name in FIRST:
        return 0, FIRST.index(name)
    return (2, LAST.index(name)) if name in LAST else (1, 0)


def _name_of(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _label_of(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        names = f"{names} / {option.secondary_opts[0]}"
    if option.is_flag:
        return names
    kind = option.type_descriptor
    if value := option.metavar or metavar_of(option.opts[0]):
        return f"{names} {value}"
    if kind.is_choice:
        value = f"<{'|'.join(map(str, kind.choices))}>"
    else:
        value = "NUMBER" if "float" in str(kind.annotation) else "N"
    return f"{names} {value}"


def _text_of(parameter: Any) -> str:
    """What it is for; then in brackets what else there is to know, always in this order."""
    kind, facts = parameter.type_descriptor, []
    if parameter.required:
        facts.append("required")
    if parameter.nargs != 1 or getattr(parameter, "multiple", False):
        facts.append("may be repeated")
    if kind.is_choice and parameter.metavar:
        facts.append(f"one of {', '.join(map(str, kind.choices))}")
    if default := _default_of(parameter):
        facts.append(f"default: {default}")
    if limits := _limits_of(parameter):
        facts.append(limits)
    if parameter.envvar:
        facts.append(f"env: {parameter.envvar}")
    if not facts:
        return str(parameter.help or "")
    said = f"[{'; '.join(facts)}]"
    if len(said) <= TOGETHER:
        said = said.replace(" ", _JOIN)
    return f"{parameter.help or ''} {said}".strip()


def _default_of(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    default = parameter.default
    if not parameter.show_default or default is None or default == "":
        return ""
    if isinstance(default, bool):
        names = parameter.opts if default else parameter.secondary_opts
        return str(names[0]) if parameter.secondary_opts else ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def _limits_of(parameter: Any) -> str:
    least, most = parameter.min, parameter.max
    if most is not None and most < GUARD:
        return f"at most {most:g}" if least is None else f"{least:g} to {most:g}"
    return f"at least {least:g}" if least is not None and least > 1 else ""


def _listed(entry: Entry, column: int, width: int) -> list[str]:
    room = " " * column
    filled = _filled(entry.text, width, room, room) or [room]
    label = f"  {entry.label}"
    if len(label) + 2 > column:
        return [label, *filled]
    return [f"{label:{column}}{filled[0][column:]}".rstrip(), *filled[1:]]


def _example(command: str, width: int) -> list[str]:
    """A command as it is typed; a long one continues after backslashes, before an option."""
    if len(command) <= width:  # with the margin of two columns on the right
        return [f"  {command}"]
    parts: list[str] = []
    for word in _WORD.findall(command):
        if parts and not word.startswith("--") and len(parts[-1]) + len(word) + 7 <= width:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    lines = [f"  {parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 3 <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(f"    {part}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _filled(text: str, width: int, first: str, other: str) -> list[str]:
    lines = textwrap.wrap(
        text,  # its ends of lines count as spaces
        width,
        initial_indent=first,
        subsequent_indent=other,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [line.replace(_JOIN, " ") for line in lines]
