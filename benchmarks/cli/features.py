"""The command `features`: features, or their statistics, as a file for others or for later."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import clips_option, main_option
from leo_bench.benchmarks.cli.options import (
    MANY,
    TIMES,
    Batch,
    ClipNetwork,
    Effort,
    Frames,
    Limit,
    Reading,
    Resolution,
    Seed,
    fields_of,
)


def features(
    *,
    source: Annotated[
        str, typer.Argument(help="A folder, video file, zip, npy, or a data set as ID/SPLIT.")
    ],
    frames: Frames,
    protocol: Annotated[str, main_option(help="Protocol id, or a .toml file.")],
    out: Annotated[Path, main_option(help="The .npz file to write.", metavar="FILE")],
    side: Annotated[
        Literal["real", "fake"],
        main_option(help="Choose clips as the protocol does for this side."),
    ] = "fake",
    stride: Annotated[int, clips_option(help="Take every n-th frame.")] = 1,
    resolution: Resolution = None,
    seed: Seed = 0,
    statistics: Annotated[
        bool,
        main_option("--statistics", help="Write mean and covariance, and no features."),
    ] = False,
    clips: Annotated[
        int | None,
        clips_option(
            max=MANY, help="Clips behind the statistics.", show_default="the protocol's number"
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        clips_option(max=TIMES, help="Statistics of so many draws.", show_default="the protocol's"),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="What the file calls the videos.", show_default="the last part of their path"
        ),
    ] = None,
    network: ClipNetwork,
    reading: Reading,
    limit: Limit = None,
    effort: Effort,
    batch: Batch = None,
) -> None:
    """Write the features of a source's clips, or their mean and covariance, as .npz.

    The file says how they were made, and can stand in place of the videos: `--real features.npz`.

    Features: `features` float32 [N,D] and `videos` [N], of every clip that the protocol could draw;
    under protocol tats, which draws from all start frames of video files, of as many as it draws.

    --statistics: `mean` [R,D] and `covariance` [R,D,D] of each repeat of the protocol, of the clips
    that fvd or fid would draw with this seed; no name of a video and no feature of one. fvd and fid
    take them as the real side: the same value, and an interval of the fake videos alone.

    Examples:

      leo-bench features my_samples/ --frames 16 --protocol stylegan-v --out features.npz

      leo-bench features toy-faces/test --frames 16 --protocol digan --extractor i3d-toy --out f.npz

      leo-bench features real/ --side real --frames 16 --protocol stylegan-v --statistics
      --out real.npz
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.scores.features_file import (
        FeaturesRequest,
        write_features,
        write_statistics,
    )
    from leo_bench.evaluation.files.kinds import FEATURES
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--out", out, FEATURES))
    request = FeaturesRequest(
        source=source,
        frames=frames,
        stride=stride,
        protocol=protocol,
        side=side,
        resolution=resolution,
        seed=seed,
        clips=clips,
        repeats=repeats,
        name=name,
        limit=limit,
        **fields_of(network, reading),
    )
    resources = effort.resources(batch=batch)
    write = write_statistics if statistics else write_features
    count, size = write(request, out, resources)
    for note in resources.news():
        say(f"note: {note}")
    what = "mean and covariance of " if statistics else ""
    show(f"{out}: {what}{count} clip{'s' * (count != 1)} x {size} features")
    place = shlex.join([f"--{side}", str(out)])
    say(f"in place of the videos: {place}, with the options that it was made with")
