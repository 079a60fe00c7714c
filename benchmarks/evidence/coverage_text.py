"""Writes the tables of `benchmarks/coverage.md` from the rows of five simulations.

python -m leo_bench.benchmarks.evidence.coverage --out benchmarks/evidence/coverage.csv
python -m leo_bench.benchmarks.evidence.gate_alarms --out benchmarks/evidence/gate_alarms.csv
python -m leo_bench.benchmarks.evidence.plan_draws --out benchmarks/evidence/plan_draws.csv
python -m leo_bench.benchmarks.evidence.study_coverage --out benchmarks/evidence/study_coverage.csv
python -m leo_bench.benchmarks.evidence.study_power --out benchmarks/evidence/study_power.csv
python -m leo_bench.benchmarks.evidence.coverage_text
"""

import csv
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Rows = Sequence[Mapping[str, str]]


BEGIN, END = "<!-- tables -->", "<!-- end of the tables -->"

Show = Callable[[Mapping[str, str]], str]

COLUMNS = tuple(itertools.product(("same", "unlike"), ("light", "heavy")))
DISTANCES = {
    "fvd": "FVD at N",
    "fvd to statistics": "FVD at N to the statistics of one real set, over draws of fakes",
    "kvd": "KVD",
    "difference": "FVD less FVD of other fakes, which are like the real videos",
    "fid": "FID at N (4 frames a video)",
    "fvd infinity": "FVD∞ where it is told, and of how many draws",
    "precision": "Precision (none is told under 32 videos)",
    "recall": "Recall (likewise)",
    **{
        f"{metric}, {names}": f"{metric.upper()} of one fake side less that of another, {about}"
        for metric in ("fvd", "kvd", "acd")
        for names, about in (
            ("one name", "videos of one name, correlation 0.9"),
            ("other names", "videos of other names"),
        )
    },
}
MEANS = ("acd", "drift, all times", "over seeds")
GATE_CASE = ("number", "tails", "n_real", "n_fake", "samples")
STUDIES = {
    "share": "User studies: shares of votes (Wilson's interval of all votes in brackets)",
    "share, half": "User studies: shares where each rater sees half of the items (likewise)",
    "share, bootstrap": "User studies: shares, by a two-way bootstrap, which was not chosen",
    "difference": "User studies: differences of two shares by the same raters",
    "strength": "User studies: Bradley-Terry strengths of four methods, `items` pairs of each two",
    "kappa": "User studies: Fleiss' kappa of yes and no",
}
METHODS = ("fvd, as if it were", "line in 1/N", "fvd infinity")


def tables_of(rows: Rows) -> str:
    """Markdown of the coverage tables."""
    tables = [
        _by_size(title, [row for row in rows if row["number"] == number], _held)
        for number, title in DISTANCES.items()
    ]
    infinity = [row for row in rows if row["what"] == "infinity"]
    errors = _by_size(
        "Root mean square error as a measure of the distance at infinite N: plain FVD / the line "
        "through N and N/2 / the jackknife",
        sorted(infinity, key=lambda row: METHODS.index(row["number"])),
        lambda row: f"{math.hypot(float(row['bias']), float(row['sd'])):.3g}",
    )
    return "\n".join([*tables, errors, _means(rows)])


def _held(row: Mapping[str, str]) -> str:
    if not row["coverage"]:
        return "not told"
    held = f"{100 * float(row['coverage']):.1f} ± {100 * float(row['error']):.1f}"
    told = float(row["told"])
    return held if told == 1 else f"{held} ({100 * told:.0f} %)"


def _by_size(title: str, rows: Rows, show: Show) -> str:
    lines = [f"## {title}\n", *_head("D", "N real", "N fake", *map(", ".join, COLUMNS))]
    sizes = {(int(row["dim"]), int(row["n_fake"]), int(row["n_real"])) for row in rows}
    for dim, fake, real in sorted(sizes):
        cells = [
            " / ".join(
                show(row)
                for row in rows
                if (row["dim"], row["n_real"], row["n_fake"]) == (str(dim), str(real), str(fake))
                and (row["unlike"], row["tails"]) == (str(populations == "unlike"), tails)
            )
            for populations, tails in COLUMNS
        ]
        lines.append(_line(str(dim), str(real), str(fake), *cells))
    return "\n".join([*lines, ""])


def _means(rows: Rows) -> str:
    lines = ["## Means: ACD, drift at all times at once, numbers over training seeds\n"]
    lines += _head("of", "videos or seeds", "light", "heavy")
    for number in MEANS:
        found = [row for row in rows if row["number"] == number]
        for count in sorted({int(row["n_real"]) + int(row["n_fake"]) for row in found}):
            of_count = [row for row in found if int(row["n_real"]) + int(row["n_fake"]) == count]
            cells = [
                "".join(_held(row) for row in of_count if row["tails"] == tails)
                for tails in ("light", "heavy")
            ]
            lines.append(_line(number, str(count), *cells))
    return "\n".join([*lines, ""])


def gate_of(rows: Rows) -> str:
    """Markdown of the gate's table: false alarms, and losses of quality found."""
    lines = [
        "## The gate: false alarms of a comparison (2.5 %), and losses of 20 % that it finds\n",
        *_head(
            *("number", "tails", "N real", "N fake", "samples"),
            *("false alarms of 1 / 5 / 22 numbers", "found among 1 / 5 / 22"),
        ),
    ]
    for _, of_case in itertools.groupby(rows, key=lambda row: [row[name] for name in GATE_CASE]):
        found = list(of_case)
        cells = [
            " / ".join(
                f"{100 * float(r[n]):.1f} ± {100 * float(r[f'{n}_error']):.1f}" for r in found
            )
            for n in ("false_alarms", "losses_found")
        ]
        lines.append(_line(*(found[0][name] for name in GATE_CASE), *cells))
    return "\n".join([*lines, ""])


def plans_of(rows: Rows) -> str:
    """Markdown of the table of plans: widths at the planned numbers, and differences found."""
    lines = [
        "## Plans: what is printed at the planned number of videos, and what is found\n",
        *_head(
            *("number", "features", "D", "pilot", "right", "planned / right", "width / wished"),
            *("range holds", "found of 80 %, two pilots", "one pilot"),
        ),
    ]
    for row in rows:
        found = [f"{100 * float(row[n]):.0f}" if row[n] else "" for n in ("found_two", "found_one")]
        lines.append(
            _line(
                *(row[name] for name in ("metric", "features", "dim", "pilot")),
                str(int(row["pilot"]) * int(row["times"])),
                *(_median(row, name) for name in ("needed", "printed")),
                f"{100 * float(row['held']):.0f}",
                *found,
            )
        )
    return "\n".join([*lines, ""])


def _plan_order(row: Mapping[str, str]) -> tuple[object, ...]:
    features = ("light", "heavy", "pool").index(row["features"])
    return row["metric"], features, *(int(row[name]) for name in ("dim", "pilot", "times"))


def _median(row: Mapping[str, str], name: str) -> str:
    """The median, with the 5 % and 95 % points."""
    middle, low, high = (float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def studies_of(rows: Rows) -> str:
    """Markdown of the coverage tables of user studies."""
    lines = []
    for number, title in STUDIES.items():
        found = [row for row in rows if row["number"] == number]
        spreads = list(dict.fromkeys(_spread(row) for row in found))
        lines += [f"## {title}\n", *_head("raters", "items", "share", *spreads)]
        for case, group in itertools.groupby(found, key=_study_case):
            by_spread = {_spread(row): row for row in group}
            lines.append(_line(*case, *(_covered(by_spread[spread]) for spread in spreads)))
        lines.append("")
    return "\n".join(lines)


def power_of(rows: Rows) -> str:
    """Markdown of the table of smallest shares, and how many drawn studies find them."""
    spreads = list(dict.fromkeys(_spread(row) for row in rows))
    lines = [
        "## User studies: smallest share found in 50 / 80 % of studies, and drawn studies that "
        "find it, in %\n",
        *_head("raters", "items", *spreads),
    ]
    for size, group in itertools.groupby(rows, key=lambda row: (row["raters"], row["items"])):
        cells = dict.fromkeys(spreads, "")
        for row in group:
            before = cells[_spread(row)]
            cell = f"{100 * float(row['share']):.1f}: {100 * float(row['found']):.0f}"
            cells[_spread(row)] = f"{before} / {cell}" if before else cell
        lines.append(_line(*size, *cells.values()))
    return "\n".join([*lines, ""])


def _spread(row: Mapping[str, str]) -> str:
    return f"{float(row['spread_raters']):g}, {float(row['spread_items']):g}"


def _study_case(row: Mapping[str, str]) -> tuple[str, str, str]:
    shares = [float(row[name]) for name in ("share", "other")]
    told = [f"{100 * share:g}" for share in shares if not math.isnan(share)]
    return row["raters"], row["items"], " less ".join(told)


def _covered(row: Mapping[str, str]) -> str:
    told = f"{100 * float(row['coverage']):.1f}"
    wilson = float(row["wilson"])
    return told if math.isnan(wilson) else f"{told} ({100 * wilson:.0f})"


def _head(*names: str) -> list[str]:
    return [_line(*names), _line(*("---" for _ in names))]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Put the tables of the CSV files into `benchmarks/coverage.md`."""
    folder = Path(__file__).parent
    tables = "\n".join(
        [
            tables_of(_read(folder / "coverage.csv")),
            gate_of(_read(folder / "gate_alarms.csv")),
            plans_of(_read(folder / "plan_draws.csv")),
            studies_of(_read(folder / "study_coverage.csv")),
            power_of(_read(folder / "study_power.csv")),
        ]
    )
    path = folder.parent / "coverage.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
