"""Typer's commands and groups with the help of `help_text`."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

from leo_bench.benchmarks.cli.help_text import Entry, command_help, group_help, usage_of


class HelpfulCommand(TyperCommand):
    """A command whose options stand under headings, the main ones first."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Typer's arguments and options; typer loads pydantic to convert a flag that is None."""
        return _flags_false(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help into typer's formatter, which knows the width of the terminal."""
        parameters = self.get_params(ctx)
        usage = usage_of(ctx.command_path, parameters)
        formatter.write(command_help(usage, self.help or "", parameters, formatter.width))


class HelpfulGroup(TyperGroup):
    """A group whose commands stand under headings, with summaries that are not cut."""

    def get_params(self, ctx: Any) -> list[Any]:
        """As `HelpfulCommand.get_params`."""
        return _flags_false(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """As `HelpfulCommand.format_help`."""
        commands: dict[str, list[Entry]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            heading = getattr(command, "rich_help_panel", None) or "Commands"
            entry = Entry(name, command.get_short_help_str(formatter.width))
            commands.setdefault(heading, []).append(entry)
        usage = f"{ctx.command_path} COMMAND [OPTIONS]"
        about, options = self.help or "", self.get_params(ctx)
        formatter.write(group_help(usage, about, commands, options, formatter.width))


def _flags_false(parameters: list[Any]) -> list[Any]:
    for each in parameters:
        if getattr(each, "is_flag", False) and each.default is None:
            each.default = False
    return parameters
