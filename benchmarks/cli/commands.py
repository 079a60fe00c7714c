"""The commands of `leo-bench`, by heading: name, summary and function of each.

A summary is one line of `leo-bench --help`, and fits 80 columns.
"""

from collections.abc import Callable
from typing import NamedTuple

from leo_bench.benchmarks.cli import (
    ablate,
    ablation_tables,
    adapt,
    animate,
    bundle,
    data,
    edit,
    features,
    inspect,
    measure,
    plan,
    sample,
    score,
    scores,
    storage,
    study,
    study_answers,
    study_demo,
    study_export,
    study_metrics,
    study_results,
    study_serve,
    suite,
    tables,
    train,
)
from leo_bench.benchmarks.cli.processes import Processes
from leo_bench.benchmarks.cli.speed import speed_commands
from leo_bench.evaluation.metrics import DISTANCES


class Verb(NamedTuple):
    """A command.

    Args:
        summary: its line of help.
        run: the function.
        processes: how it works under torchrun.
    """

    summary: str
    run: Callable[..., None]
    processes: Processes = "first"


class Group(NamedTuple):
    """Commands under one word, such as `leo-bench data`."""

    summary: str
    about: str
    verbs: dict[str, Verb]


_SIDES = measure.two_sided()
_SPEED = speed_commands()

ABLATE = Group(
    "Ablations: the paper's (Tables 4 and 5), and one of ours",
    "The paper's ablations (Tables 4 and 5), and one of history and anchor, which are ours: on any "
    "data, compared in pairs.",
    {
        "lmc": Verb("Train the LMDM with and without the LMC, and compare", ablate.lmc),
        "history": Verb("Train the LMDM with and without history, and compare", ablate.history),
        "transition": Verb(
            "Compare long samples with and without the Transition DM", ablate.transition
        ),
        "table": Verb(
            "Show several data sets as the paper's table", ablation_tables.ablation_table
        ),
    },
)
DATA = Group(
    "Data sets: list, describe, prepare, verify",
    "Data sets: what is known, what is on this machine, and how to prepare the rest.",
    {
        "list": Verb("List the data sets, and what is on this machine", data.list_data),
        "info": Verb("Show origin, licence, splits and next command of one", data.data_info),
        "prepare": Verb("Prepare a data set from its official download", data.prepare_data, "team"),
        "verify": Verb(
            "Open every video of a split, and compare with its journal", data.verify_data
        ),
    },
)
WEIGHTS = Group(
    "Weights of networks: list, download, verify",
    "Weights of the networks that metrics use, and of LIA.",
    {
        "list": Verb(
            "List the files: size, address, licence, what needs them", storage.list_weights
        ),
        "fetch": Verb("Download files, and check their digests", storage.fetch_weights),
        "verify": Verb("Check the digests of the files on this machine", storage.verify_weights),
    },
)
CACHE = Group(
    "Show how large the cache is, or delete from it",
    "Features, numbers and packed frames kept from earlier runs.",
    {
        "info": Verb("Show where the cache is and how large it is", storage.cache_info),
        "prune": Verb("Delete what is old", storage.prune_cache),
    },
)
STUDY = Group(
    "User study: make it, collect answers, show results",
    "User studies: which of two clips is more realistic, and what raters answer.",
    {
        "demo": Verb("Answer a small study yourself, in the browser", study_demo.demo),
        "create": Verb("Draw a study: clips, checks, what each rater sees", study.create),
        "plan": Verb("Show what a study asks of raters, and what it can find", study.plan),
        "export": Verb("Write a study as static files for a web host", study_export.study_export),
        "serve": Verb("Serve a study on this machine, and keep every vote", study_serve.serve),
        "invite": Verb("Print links for new raters", study_serve.invite),
        "forget": Verb("Remove a rater's votes, and refuse later ones", study_serve.forget),
        "results": Verb(
            "Show shares, ranking and agreement, with intervals", study_results.results
        ),
        "metrics": Verb(
            "Show how often metrics agree with the raters", study_metrics.study_metrics
        ),
        "simulate": Verb(
            "Write answers of simulated raters, to try a study", study_answers.simulate
        ),
    },
)
SPEED = Group(
    "Measure speed on this machine, as ratios within one run",
    "Measure speed on this machine, as ratios within one run.",
    {
        "i3d": Verb("Features of I3D, in its plain and its fast form", _SPEED["i3d"]),
        "decode": Verb("Reading of videos, in sequence and by clip", _SPEED["decode"]),
        "opening": Verb("Opening of many small video files", _SPEED["opening"]),
        "statistics": Verb(
            "Fréchet distance, KVD and intervals, in every form", _SPEED["statistics"]
        ),
        "growth": Verb("All numbers of a distance, by the number of clips", _SPEED["growth"]),
        "score": Verb("score, against the commands of its metrics", _SPEED["score"]),
        "memory": Verb("Peak memory of feature extraction", _SPEED["memory"]),
        "metric": Verb("FVD in a training loop", _SPEED["metric"]),
        "motion": Verb("LEO's motion, by every sampler", _SPEED["motion"]),
        "long": Verb("LEO's long videos: time and peak memory", _SPEED["long"]),
        "peers": Verb("leo-bench beside systems that compute the same", _SPEED["peers"]),
        "shares": Verb("Shares of FVD's time, by layout of the videos", _SPEED["shares"]),
        "gpu": Verb("FVD of 2,048 + 2,048 clips on a GPU, by stages", _SPEED["gpu"]),
        "animator": Verb("LEO's image animator, plain and fast form", _SPEED["animator"]),
        "train": Verb("LEO's training loop: does it wait for data?", _SPEED["train"]),
    },
)

COMMANDS: dict[str, dict[str, Verb | Group]] = {
    "Measure": {
        "score": Verb("Measure several metrics in one pass over the videos", score.score, "team"),
        **{name: Verb(metric.summary, _SIDES[name], "team") for name, metric in DISTANCES.items()},
        "precision": Verb("Precision and recall of fake videos", _SIDES["precision"], "team"),
        "acd": Verb(
            "Average Content Distance: change of a person's appearance", scores.acd, "team"
        ),
        "drift": Verb(
            "Identity drift: distance to the first frame, over time", scores.drift, "team"
        ),
        "repetition": Verb("Share of videos in which motion comes back", scores.repetition, "team"),
        "features": Verb(
            "Write features of videos, or their statistics", features.features, "team"
        ),
        "run": Verb("Measure every benchmark of a suite for some models", suite.run, "team"),
        "demo": Verb("Measure LEO's samples and known damage; no download", suite.demo),
    },
    "Compare and check": {
        "plan": Verb("Show how many videos an interval or a difference takes", plan.plan),
        "verify": Verb("Compute the numbers of records again, and compare", inspect.verify),
        "explain": Verb("Show what differs between two records, and its effect", inspect.explain),
        "leverage": Verb(
            "Show how FVD changes without each single video", _SIDES["leverage"], "team"
        ),
        "nearest": Verb("Find the training video nearest to each sample", measure.nearest, "team"),
        "regress": Verb("Fail if a number got worse by more than chance, for CI", tables.regress),
    },
    "LEO": {
        "train": Verb("Train LEO on videos: one stage, or all in order", train.train, "own"),
        "encode": Verb("Write the motion codes of all training frames", train.encode, "team"),
        "export": Verb("Write a trained run in the small form for sampling", train.export),
        "sample": Verb("Sample videos from a trained or shipped LEO", sample.sample, "own"),
        "edit": Verb("Edit the first frame of samples, and keep their motion", edit.edit),
        "animate": Verb("Animate a picture with the motion of a video", animate.animate),
        "ablate": ABLATE,
    },
    "Data and weights": {
        "data": DATA,
        "weights": WEIGHTS,
        "adapt": Verb("Make videos by another method's own sampler", adapt.adapt),
    },
    "User study": {"study": STUDY},
    "Tables and pages": {
        "table": Verb("Show the paper's tables with your numbers, or your own", tables.table),
        "tables": Verb("Write every table of the paper to files", tables.tables),
        "cite": Verb("Write the sentences and the BibTeX for a paper", bundle.cite),
        "report": Verb("Write records as one HTML page", bundle.report),
        "bundle": Verb("Pack records into a file that others can check offline", bundle.bundle),
        "check-bundle": Verb("Check a bundle offline", bundle.check_bundle),
        "leaderboard": Verb("Write a static page of many bundles", bundle.leaderboard),
    },
    "Upkeep": {
        "doctor": Verb("Check the installation, or the response to damage", inspect.doctor),
        "list": Verb("List metrics, data sets, protocols, networks, configs", inspect.list_kind),
        "cache": CACHE,
        "speed": SPEED,
    },
}
