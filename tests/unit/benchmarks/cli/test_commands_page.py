"""docs/commands.md has every command, in the groups and the order of `leo-bench --help`."""

import re
from itertools import chain

from places import ROOT

from leo_bench.benchmarks.cli.commands import COMMANDS, Verb
from leo_bench.benchmarks.cli.processes import Processes

WHOLE = (ROOT / "docs" / "commands.md").read_text()
SECTIONS = re.split(r"^## ", WHOLE, flags=re.M)[1:]
PAGE = {heading: body for heading, _, body in (part.partition("\n") for part in SECTIONS)}


def named(table: str) -> list[str]:
    """Commands in the first cells of the first table of a section."""
    rows = re.findall(r"^\| (`.*?) \|", table.split("\n\n| its", 1)[0], re.M)
    return [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]


def test_every_command_stands_in_its_group() -> None:
    groups = [heading for heading in PAGE if heading in COMMANDS]
    assert groups == list(COMMANDS)
    assert {group: sorted(named(PAGE[group])) for group in groups} == {
        group: sorted(commands) for group, commands in COMMANDS.items()
    }


def test_the_verbs_of_a_command_stand_beside_it() -> None:
    for group, commands in COMMANDS.items():
        for name, command in commands.items():
            verbs = () if isinstance(command, Verb) else command.verbs
            missing = [verb for verb in verbs if f"`{verb}`" not in PAGE[group]]
            assert not missing, f"docs/commands.md, {name}: {missing}"


def working(processes: Processes) -> list[str]:
    """Commands that work so in several processes, in the order of `leo-bench --help`."""
    found = []
    for name, command in chain.from_iterable(group.items() for group in COMMANDS.values()):
        verbs = {"": command} if isinstance(command, Verb) else command.verbs
        found += [
            f"{name} {verb}".rstrip() for verb, it in verbs.items() if it.processes == processes
        ]
    return found


def test_the_page_says_which_commands_divide_their_work() -> None:
    said = WHOLE.split("<!-- processes -->")[1].split("<!-- /processes -->")[0]
    team, own, _ = said.strip().split("\n\n")
    assert re.findall(r"`(.*?)`", team) == working("team")
    assert re.findall(r"`(.*?)`", own) == working("own")
