"""Groups of options become options of a command; an old name of an option is read, and said."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from conftest import Run
from leo_bench.benchmarks.cli.options import fields_of, with_groups


@dataclass(frozen=True)
class Sizes:
    width: Annotated[int, typer.Option(help="Of a frame.")]
    folder: Annotated[Path | None, typer.Option(help="Of frames.")] = None


def test_the_options_of_a_group_are_those_of_its_command() -> None:
    given: list[object] = []
    app = typer.Typer()

    @app.command()
    @with_groups
    def show(*, sizes: Sizes, name: str = "x") -> None:
        """Show."""
        given.extend((sizes, name, fields_of(sizes)))

    result = CliRunner().invoke(app, ["--width", "3", "--folder", "here/", "--name", "y"])
    assert result.exit_code == 0, result.output
    fields = {"width": 3, "folder": "here"}
    assert given == [Sizes(3, Path("here")), "y", fields]
    assert CliRunner().invoke(app, []).exit_code == 2


@pytest.mark.parametrize("spelling", [("--precision", "bf16"), ("--precision=bf16",)])
def test_the_old_name_of_dtype_is_read_and_the_new_one_said(
    leo_bench: Run, spelling: tuple[str, ...]
) -> None:
    line = ("--frames", 16, "--fake", "absent", "--real", "absent", "--protocol", "pytorch-fid")
    old, new = leo_bench("fid", *line, *spelling), leo_bench("fid", *line, "--dtype", "bf16")
    assert old.err == "leo-bench: --precision is now called --dtype\n" + new.err
    assert old.code == new.code == 2
    assert "--precision" not in leo_bench("fid", "--help").out


def test_the_old_flag_of_tensorboard_is_an_option_with_a_value(leo_bench: Run) -> None:
    line = ("train", "all", "--run", "absent")
    old, new = leo_bench(*line, "--tensorboard"), leo_bench(*line, "--track", "tensorboard")
    said = "leo-bench: --tensorboard is now called --track=tensorboard\n"
    assert (old.code, old.err) == (2, said + new.err)
    assert "--tensorboard" not in leo_bench("train", "--help").out
