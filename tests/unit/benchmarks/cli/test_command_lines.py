"""Every command line that the documents show is one that `leo-bench` takes today.

It is parsed as the command line parses it, and not run. A line of a block must be whole; one in
backticks within a sentence, or in a workflow's script, may leave out values and required options.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import typer
from places import ROOT

from leo_bench.benchmarks.cli.commands import SPEED
from leo_bench.benchmarks.cli.main import MISUSE, app
from leo_bench.benchmarks.cli.speed import CASES
from leo_bench.evaluation.errors import InputError

HISTORY = {"CHANGELOG.md", "DECISIONS.md"}  # they name what was there
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.M | re.S)
SHELL = {"", "sh", "bash", "console", "text"}
INDENTED = re.compile(r"^ {4,}\S.*$", re.M)
INLINE = re.compile(r"`(leo-bench [^`]+)`")
COMMAND = re.compile(
    r"(?:^|&&|;|then|--) *(?:\$ )?(?:[A-Z_]+=\S+ )*leo-bench (?=[a-z-])(.*)$", re.M
)
END_OF_COMMAND = re.compile(r"[|&;)]+|[0-9]?>+")
OPTIONS_IN_VARIABLES = re.compile(r"(?<=\s)(?:\$\w+|\$\{[^}]*\})(?=\s|$)")
LEFT_OUT = re.compile(r"\.\.\.|…|\[|^COMMAND ")
ADDED = {"energy"}  # commands that an example of docs/extending.md adds


class Line(NamedTuple):
    """A command line of a document, without `leo-bench`."""

    document: str
    text: str
    whole: bool


def lines() -> Iterator[Line]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.ipynb", "*.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if name not in HISTORY and not name.startswith("tests/"):
            yield from lines_of(name, (ROOT / name).read_text())


def lines_of(name: str, text: str) -> Iterator[Line]:
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    is_script = name.endswith(".yml")
    if is_script:
        blocks = [re.sub(r"^ *#.*$", "", text, flags=re.M)]
    else:
        blocks = [inner for kind, inner in BLOCK.findall(text) if kind in SHELL]
        text = BLOCK.sub("", text)
        blocks.append("\n".join(INDENTED.findall(text)))
        if name == "docs/migration.md":  # of its tables, what is now
            text = re.sub(r"^\|.*\|(?= [^|]*\|$)", "", text, flags=re.M)
        for found in INLINE.findall(text):
            yield Line(name, found.removeprefix("leo-bench "), whole=False)
    for block in blocks:
        for found in COMMAND.findall(re.sub(r"\\\n\s*", "", block)):
            yield Line(name, found, whole=not is_script)


def words_of(text: str) -> list[str]:
    """The words of the command alone: no comment, and nothing after a pipe or the like."""
    split = shlex.shlex(OPTIONS_IN_VARIABLES.sub("", text), posix=True, punctuation_chars="|&;()<>")
    split.whitespace_split = True
    words: list[str] = []
    for word in split:
        if END_OF_COMMAND.fullmatch(word):
            break
        words.append("1" if word == "N" else word)
    return words


@cache
def leo_bench() -> Any:
    return typer.main.get_command(app)


def refusal(words: list[str], whole: bool) -> str | None:
    """Why `leo-bench` refuses the words; None: it takes them."""
    command, context, waiting = leo_bench(), typer.Context(leo_bench()), list(words)
    while hasattr(command, "commands"):
        if not waiting or waiting[0].startswith("-"):
            return None
        name = waiting.pop(0)
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
        context = typer.Context(command, parent=context, info_name=name)
    try:
        command.make_context(context.info_name, waiting, parent=context.parent)
    except (typer.Exit, InputError):
        return None  # --help; a tracker that is not installed here
    except MISUSE as error:
        why = error.format_message()
        left_out = why.startswith("Missing ") or why.endswith("requires an argument.")
        return None if left_out and not whole else why
    return None


def test_the_command_lines_of_the_documents_are_valid() -> None:
    found = [line for line in lines() if not LEFT_OUT.search(line.text)]
    wrong = []
    for line in found:
        words = words_of(line.text)
        why = None if words[0] in ADDED else refusal(words, line.whole)
        if why is not None:
            wrong.append(f"{line.document}: leo-bench {line.text}\n    {why}")
    assert len(found) > 250
    assert not wrong, "\n".join(wrong)


def test_wrong_command_lines_are_found() -> None:
    text = (
        "Run `leo-bench fvdd` or `leo-bench fvd --real`:\n\n    leo-bench fvd --fakes b  # x | y\n"
    )
    found = list(lines_of("page.md", text))
    assert [words_of(line.text) for line in found] == [
        ["fvdd"],
        ["fvd", "--real"],
        ["fvd", "--fakes", "b"],
    ]
    unknown, partial, misspelt = (refusal(words_of(one.text), one.whole) for one in found)
    assert unknown == "no command fvdd"
    assert partial is None
    assert misspelt is not None
    assert "--fakes" in misspelt
    assert refusal(["fvd", "--dtype", "int8"], whole=False)
    assert refusal(["data", "unpack"], whole=False)
    assert refusal(["score", "--real", "a"], whole=True)


def test_a_script_is_read_to_the_end_of_each_command() -> None:
    script = 'if true; then leo-bench run "$SUITE" $OPTIONS \\\n  --records x || code=$?; fi\n'
    (line,) = lines_of("gate.yml", script)
    assert words_of(line.text) == ["run", "$SUITE", "--records", "x"]
    assert refusal(words_of(line.text), line.whole) is None


def test_every_measurement_of_speed_is_a_command() -> None:
    assert SPEED.verbs.keys() == CASES.keys()
