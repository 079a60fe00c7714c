"""`--help` of every command: groups, summaries, headings, names of values, examples, widths."""

import functools
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

import pytest
import typer

from leo_bench.benchmarks.cli.commands import COMMANDS, Group
from leo_bench.benchmarks.cli.headings import FIRST, LAST, MAIN, METAVARS, ORDER, OTHER
from leo_bench.benchmarks.cli.help_text import command_help, usage_of
from leo_bench.benchmarks.cli.main import app

WHOLE: Any = typer.main.get_command(app)


def commands(group: Any, before: str = "leo-bench") -> Iterator[tuple[str, Any]]:
    """(what is typed, command) of every command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


EVERY = dict(commands(WHOLE))


@functools.cache
def shown(*line: str, columns: int = 80) -> str:
    text = io.StringIO()
    with redirect_stdout(text), patch.dict(os.environ, COLUMNS=str(columns)):
        assert WHOLE.main([*line, "--help"], prog_name="leo-bench", standalone_mode=False) == 0
    return text.getvalue()


def of(typed: str, columns: int = 80) -> str:
    return shown(*typed.split()[1:], columns=columns)


def headings(text: str) -> list[str]:
    return re.findall(r"^(\S.*):$", text, re.MULTILINE)


def test_commands_stand_in_groups_and_none_is_left_out() -> None:
    text = shown()
    assert headings(text) == ["Start here", *COMMANDS, "Options"]
    listed = re.findall(r"^  ([a-z][a-z-]*)  +\S", text, re.MULTILINE)
    assert listed == [name for verbs in COMMANDS.values() for name in verbs]
    assert set(listed) == set(WHOLE.commands)


@pytest.mark.parametrize(
    "group", ["", *(n for n, c in WHOLE.commands.items() if "commands" in vars(c))]
)
def test_a_summary_stands_on_a_line_of_80_columns(group: str) -> None:
    found = WHOLE.commands[group].commands if group else WHOLE.commands
    text = shown(*group.split())
    for name, command in found.items():
        assert re.search(rf"^  {name}  +{re.escape(command.short_help)}$", text, re.MULTILINE)
        assert not command.short_help.endswith((".", "..."))
        assert len(command.short_help.split()) > 2, f"{name}: {command.short_help}"


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("typed", EVERY)
def test_no_line_is_longer_than_the_terminal(typed: str, columns: int) -> None:
    text = of(typed, columns)
    assert max(map(len, text.splitlines())) <= columns
    assert not re.search(r"^ *\[\w*$", text, re.MULTILINE)


@pytest.mark.parametrize("typed", EVERY)
def test_every_option_stands_once_under_a_heading_the_main_ones_first(typed: str) -> None:
    text, command = of(typed), EVERY[typed]
    found = [heading for heading in headings(text) if heading in ORDER]
    assert found == sorted(found, key=ORDER.index)
    assert found[-1] == OTHER
    names = re.findall(r"^  (?:-h, )?(--[a-z-]+)", text.split(f"{found[0]}:\n")[1], re.MULTILINE)
    options = [one.opts[0] for one in command.params if one.param_type_name == "option"]
    assert sorted(names) == sorted([*options, "--help"])
    for one in command.params:
        assert getattr(one, "rich_help_panel", None) in {None, *ORDER}
        assert one.help, f"{one.name} has no help"
    ranked = [name for name in names if name in (*FIRST, *LAST)]
    main = text.split(f"{MAIN}:\n")[1].split("\n\n")[0] if MAIN in found else ""
    placed = [name for name in ranked if f"  {name} " in main]
    assert placed == sorted(placed, key=(*FIRST, *LAST).index)


@pytest.mark.parametrize("typed", EVERY)
def test_values_have_names_that_are_read(typed: str) -> None:
    text = of(typed)
    assert not re.search(r"<(str|int|path|float|list)|range>|\[x|\{[a-z]+\}$", text.split("\n")[0])
    for one in EVERY[typed].params:
        kind = str(one.type_descriptor.annotation)
        if (
            one.param_type_name == "option"
            and not one.type_descriptor.is_choice
            and ("str" in kind or "Path" in kind)
        ):
            assert one.metavar or any(one.opts[0] in names for names in METAVARS.values()), (
                f"{typed} {one.opts[0]} has no metavar"
            )
        assert "default:" not in one.help.lower(), f"{one.name}: the default goes to show_default"
        assert "may be repeated" not in one.help, f"{one.name}: the help says so by itself"


@pytest.mark.parametrize("typed", EVERY)
def test_usage_names_what_is_required_and_the_text_marks_it(typed: str) -> None:
    text = " ".join(of(typed).split())
    usage = text.split("[OPTIONS]")[0]
    for one in EVERY[typed].params:
        if one.required:
            assert (one.metavar or one.opts[0].upper().replace("_", "-")) in usage or one.opts[
                0
            ] in usage
    required = sum(one.required for one in EVERY[typed].params)
    assert len(re.findall(r"\[required", text)) == required


@pytest.mark.parametrize("typed", EVERY)
@pytest.mark.parametrize("columns", [80, 120])
def test_examples_can_be_pasted(typed: str, columns: int) -> None:
    """Joined at backslashes they are the words of the docstring; each begins as it is typed."""
    text = of(typed, columns)
    block = re.search(r"^Examples?:\n((?:  .*\n)+)", text, re.MULTILINE)
    about = EVERY[typed].help
    assert (block is None) == ("Example" not in about)
    if block is None:
        return
    pasted = block[1].replace("\\\n", " ")
    written = re.split(r"Examples?:", about)[1]
    assert shlex.split(pasted) == shlex.split(written)
    assert all(line.split()[0] == "leo-bench" for line in pasted.strip().split("\n"))


def test_an_option_without_a_heading_is_another_one() -> None:
    def command(
        plain: str = "x", count: int = typer.Option(3, min=2, max=9, help="Of it.")
    ) -> None:
        """Do it."""

    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command()(command)
    parameters = typer.main.get_command(alone).params
    text = command_help(usage_of("do", parameters), "Do it.", parameters, 78)
    assert text == (
        "Usage: do [OPTIONS]\n\n  Do it.\n\nOther options:\n"
        "  --plain N  [default: x]\n"
        "  --count N  Of it. [default: 3; 2 to 9]\n"
    )


@pytest.mark.parametrize(
    ("typed", "place", "found"),
    [("leo-bench le", 1, "leverage leaderboard"), ("leo-bench fvd --dtype ", 3, "fp32 bf16")],
)
def test_the_shell_completes_commands_and_values(typed: str, place: int, found: str) -> None:
    code = """if True:
        import sys
        from leo_bench.benchmarks.cli.main import main
        sys.argv = ['leo-bench']
        main()
    """
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(place)}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "_LEO_BENCH_COMPLETE": "complete_bash", **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, found.split(), "")


def test_every_group_has_a_description_of_its_own() -> None:
    for verbs in COMMANDS.values():
        for name, group in verbs.items():
            if isinstance(group, Group):
                assert group.about.endswith("."), name
                assert group.about in " ".join(shown(name).split())
