"""The command edit: samples with edited first frames."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.cropping import Crop
from leo_bench.benchmarks.cli.headings import main_option, sampling_option
from leo_bench.benchmarks.cli.options import DataRoot, Device
from leo_bench.benchmarks.cli.sample import Out
from leo_bench.leo.diffusion import SamplerKind


def edit(
    out: Out,
    cropping: Crop,
    sample_from: Annotated[
        Path | None, main_option(help="Folder of samples written by leo-bench sample.")
    ] = None,
    source: Annotated[
        Path | None,
        main_option(
            help="A picture; one conditional sample of --run is drawn from it.", metavar="FILE"
        ),
    ] = None,
    run: Annotated[str | None, main_option(help="With --source: a run, or leo:NAME.")] = None,
    edited: Annotated[
        Path | None,
        main_option(
            help="An edited first frame, or a folder of them (sample-000003.png, ...).",
            metavar="FILE|FOLDER",
        ),
    ] = None,
    command: Annotated[
        str | None,
        main_option(
            help='A program that edits a frame: "magick {in} -negate {out}".', metavar="COMMAND"
        ),
    ] = None,
    controlnet: Annotated[
        str | None, main_option(help="A ControlNet of edges (extra: controlnet); needs --prompt.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="With --controlnet: the text prompt.")] = "",
    base: Annotated[
        str | None,
        typer.Option(help="With --controlnet: the Stable Diffusion model that it steers."),
    ] = None,
    repose: Annotated[
        bool,
        typer.Option(
            "--repose",
            help="The edit changed the pose: start the motion at the edited frame's code.",
        ),
    ] = False,
    index: Annotated[
        list[int] | None, typer.Option(help="Index of a sample.", show_default="all")
    ] = None,
    first_frames: Annotated[
        bool,
        main_option("--first-frames", help="Only write the first frames to OUT, for editing."),
    ] = False,
    frames: Annotated[int | None, main_option(help="With --source: frames of the sample.")] = None,
    steps: Annotated[int | None, sampling_option(help="With --source: sampler steps.")] = None,
    sampler: Annotated[
        SamplerKind | None,
        sampling_option(help="With --source: diffusion sampler."),
    ] = None,
    seed: Annotated[
        int | None, sampling_option(help="With --source or --controlnet: seed of the noise.")
    ] = None,
    format: Annotated[
        Literal["mkv", "mp4", "frames", "npy"] | None,
        main_option(help="File format.", show_default="that of the samples, or mkv"),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second.", show_default="that of the samples, or 25"),
    ] = None,
    data_root: DataRoot = None,
    device: Device = None,
) -> None:
    """Edit the first frame of samples and keep their motion; OUT.png shows before and after.

    Draws the samples of --sample-from again with the same settings, or one sample of --source.

    Examples:

      leo-bench edit --sample-from samples/ --first-frames --out frames/

      leo-bench edit --sample-from samples/ --edited frames/ --out edited/

      leo-bench edit --run leo:toy-faces --source face.png --edited blond.png --out edited/

      leo-bench edit --sample-from samples/ --command "magick {in} -negate {out}" --out edited/
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.runs.crops import choice_of
    from leo_bench.benchmarks.runs.editing import (
        EditRequest,
        samples_of,
        write_edits,
        write_first_frames,
    )
    from leo_bench.benchmarks.runs.sampling import Place, request_of
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.kinds import NEW, made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed, started
    from leo_bench.leo.sampling.edit import BASE, ControlNet
    from leo_bench.leo.sampling.model import device_named

    first = made_by("edit --first-frames")
    check_targets(Target("--out", out, first if first_frames else NEW))
    options = {"frames": frames, "steps": steps, "sampler": sampler, "seed": seed}
    given = {name: value for name, value in options.items() if value is not None}
    if sample_from is not None and source is None and run is None:
        seeded = {"seed"} if controlnet is not None else set()
        without_use = (given.keys() | cropping.given().keys()) - seeded
        _refuse(without_use, "the samples of --sample-from keep their settings")
        samples, indices = samples_of(sample_from, index or [])
    elif sample_from is None and source is not None and run is not None:
        _refuse({"index"} if index else set(), "--source gives one sample")
        crop = {"cropping": choice_of(cropping.given())}
        samples, _ = request_of(run, {"count": 1, **given}, str(source), crop)
        indices = [0]
    else:
        raise InputError("give --sample-from FOLDER, or --run RUN with --source PICTURE")
    if controlnet is None:
        texts = {"prompt": prompt, "base": base}
        _refuse({name for name, text in texts.items() if text}, "it is for --controlnet")
    elif not prompt.strip():
        raise InputError("--controlnet needs --prompt, a text")
    place = Place(out, data_root=data_root, device=device, progress=Bar("editing", "samples"))
    if first_frames:
        editing = {"edited": edited, "command": command, "controlnet": controlnet}
        storing = {"format": format, "fps": fps, "repose": repose or None}
        unused = {name for name, value in (editing | storing).items() if value is not None}
        _refuse(unused, "--first-frames writes pictures")
        with claimed(out, "edit --first-frames"):
            paths = write_first_frames(samples, indices, place)
    else:
        steering = None
        if controlnet is not None:
            steering = ControlNet(controlnet, prompt, base or BASE, seed or 0, device_named(device))
        request = EditRequest(
            samples,
            indices,
            index or [],
            format or samples.format,
            samples.fps if fps is None else fps,
            sample_from,
            edited,
            command,
            steering,
            repose,
        )
        with started(out):
            made = write_edits(request, place)
        paths = made.paths
        for note in made.notes:
            say(f"note: {note}")
        if without := len(indices) - len(paths):
            say(f"note: {edited}: no edited picture for {without} of {len(indices)} samples")
    for path in paths:
        show(str(path))
    if first_frames and sample_from is not None:  # once the pictures are edited
        say_next("edit", "--sample-from", sample_from, "--edited", out, "--out", f"{out}-edited")


def _refuse(options: Collection[str], why: str) -> None:
    """Reject options that have no effect here."""
    from leo_bench.evaluation.errors import InputError

    if options:
        raise InputError(f"--{min(options)}: {why}; leave it out")
