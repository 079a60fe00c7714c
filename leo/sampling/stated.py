"""What samples of a model are where the user does not say: the table [sampling] of its config.

    [sampling]
    mode = "conditional"
    start = "toy-faces/test"
    first_frame = "recon"

A model without the table is sampled as before there was one: unconditionally, from frame 1 as it
was drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from leo_bench.leo.config import SamplingConfig
from leo_bench.leo.sampling.model import LeoModel


@dataclass(frozen=True)
class Choice:
    """Options of sampling, the user's and the model's.

    Args:
        options: of `Sampling`; the mode is among them.
        start: the source of first frames that the model states; "": the user gives them, or they
            are drawn.
        why: a line on what the user did not say, for the user; "": the user has said all.
    """

    options: dict[str, object]
    start: str
    why: str


def choice(model: LeoModel, given: Mapping[str, object], *, begun: bool) -> Choice:
    """The user's options, and the model's own in place of those that are not given.

    Args:
        model: the model.
        given: options of `Sampling` that the user has given.
        begun: first frames are given, which means conditional samples.
    """
    table = model.config.sampling
    stated = table or SamplingConfig()
    options = {"mode": "conditional" if begun else stated.mode, **given}
    if table is not None:
        options.setdefault("first_frame", table.first_frame)
    start = stated.start if options["mode"] == "conditional" and not begun else ""
    if "mode" in given or begun:
        why = f"first frames of {start}, as {model.name} states" if start else ""
        return Choice(options, start, why)
    what = f"{options['mode']} samples" + (f" from first frames of {start}" if start else "")
    if table is None:
        return Choice(options, start, f"{what}, since no mode and no first frames are given")
    return Choice(options, start, f"{what}, as {model.name} states (config.toml, [sampling])")
