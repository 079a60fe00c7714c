"""Headings of the options in `--help`, and names of their values.

An option says its heading where it is written: `main_option(help=...)` in place of
`typer.Option(help=...)`, which stands under "Other options". Required options are always main ones.
"""

from functools import partial

import typer

MAIN = "Main options"
CLIPS = "Which clips"
REPEATS = "What counts as a repeat"
SAMPLING = "Sampling"
DIRECTION = "Direction of motion"
CHECKS = "Attention checks, and which raters are set apart"
CONSENT = "Consent text"
CROWD = "Crowd-working sites"
NETWORK = "Network and device"
READING = "Reading videos"
EFFORT = "Threads and cache"
OTHER = "Other options"

# As they are shown.
ORDER = (
    MAIN,
    CLIPS,
    REPEATS,
    SAMPLING,
    DIRECTION,
    CHECKS,
    CONSENT,
    CROWD,
    NETWORK,
    READING,
    EFFORT,
    OTHER,
)

main_option = partial(typer.Option, rich_help_panel=MAIN)
clips_option = partial(typer.Option, rich_help_panel=CLIPS)
repeats_option = partial(typer.Option, rich_help_panel=REPEATS)
sampling_option = partial(typer.Option, rich_help_panel=SAMPLING)
direction_option = partial(typer.Option, rich_help_panel=DIRECTION)
checks_option = partial(typer.Option, rich_help_panel=CHECKS)
consent_option = partial(typer.Option, rich_help_panel=CONSENT)
crowd_option = partial(typer.Option, rich_help_panel=CROWD)
network_option = partial(typer.Option, rich_help_panel=NETWORK)
reading_option = partial(typer.Option, rich_help_panel=READING)
effort_option = partial(typer.Option, rich_help_panel=EFFORT)

# Main options of these names come first and last, in this order, in every command.
FIRST = (
    "--dataset",
    "--real",
    "--fake",
    "--train",
    "--held-out",
    "--calibrate",
    "--run",
    "--config",
    "--data",
    "--source",
    "--frames",
    "--metrics",
    "--protocol",
    "--old",
    "--new",
)
LAST = ("--format", "--out", "--json", "--records", "--markdown", "--track")

# What a value is, where an option has no metavar of its own; numbers and choices say it themselves.
METAVARS = {
    "CODE": ("--code",),
    "CONFIG": ("--config",),
    "DATASET": ("--dataset",),
    "DEVICE": ("--device",),
    "EMBEDDER": ("--embedder",),
    "EXTRACTOR": ("--extractor",),
    "FACTS": ("--rows", "--columns"),
    "FILE": (
        "--csv",
        "--json",
        "--junit",
        "--markdown",
        "--metadata",
        "--python",
        "--raters-csv",
        "--settings",
        "--summary",
        "--vgg",
        "--weights",
    ),
    "FOLDER": (
        "--checkout",
        "--data-root",
        "--from",
        "--include",
        "--new",
        "--old",
        "--out",
        "--records",
        "--sample-from",
    ),
    "KEY=VALUE": ("--set",),
    "METHOD": ("--against",),
    "METRICS": ("--metrics",),
    "MODEL": ("--controlnet", "--base"),
    "NAME": ("--name", "--label", "--for", "--layout"),
    "NAMES": ("--identifiers",),
    "PROTOCOL": ("--protocol", "--acd"),
    "RUN": ("--run", "--animator"),
    "SOURCE": (
        "--calibrate",
        "--check-right",
        "--check-wrong",
        "--data",
        "--fake",
        "--held-out",
        "--real",
        "--start-frames",
        "--to",
        "--train",
    ),
    "STAGE": ("--best",),
    "TEXT": ("--contact", "--kept", "--prompt", "--title"),
    "URL": ("--completion", "--post"),
}


def metavar_of(option: str) -> str | None:
    """What the value of an option is; None: the table does not say."""
    return next((value for value, names in METAVARS.items() if option in names), None)
