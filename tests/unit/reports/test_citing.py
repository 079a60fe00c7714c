"""Sentences and BibTeX for a paper: what a reviewer asks, and a work for every shipped name."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
from made_records import features, fvd_of, record, settled, side
from made_scores import SCORE
from places import ROOT

from conftest import Run
from leo_bench.benchmarks.datasets.dataset import list_datasets
from leo_bench.benchmarks.scores.motion_signals import SignalKind
from leo_bench.evaluation.embedders import list_embedders
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import list_extractors
from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.protocols.of_clips import list_protocols, load_protocol
from leo_bench.evaluation.protocols.of_frames import list_frame_protocols
from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.documents import Document
from leo_bench.evaluation.records.parts import STATISTICS
from leo_bench.evaluation.records.score import Against
from leo_bench.evaluation.records.shares import PrecisionExtra, ShareOfClips
from leo_bench.reports.bibliography import Bibliography, bibliography, bibtex, citations
from leo_bench.reports.citing import FORMATS, cited
from leo_bench.reports.methods_section import joined, labels, paragraph

GOLDEN = ROOT / "tests" / "golden" / "records"
REAL, FAKE = features(1, 40), features(2, 40, 0.4)
MADE = record(fvd_of(REAL, FAKE), REAL.values, FAKE.values).model_dump()
# What a reviewer asks of a number under the paper's protocol.
PUBLISHED: dict[str, Any] = {
    "value": 98.31,
    "value_float64": 98.3,
    "values": (97.31, 99.31),
    "values_float64": (97.3, 99.3),
    "spread": 1.0,
    "interval": (88.3, 110.3),
    "standard_error": 5.2,
    "protocol": "digan",
    "resolution": 128,
    "dataset": "taichihd-train",
    "extractor": "i3d-kinetics400",
    "weights_sha256": "ab" * 32,
    "versions": {"leo-bench": "0.1.0", "av": "17.1.0", "torch": "2.11"},
    "real": side("taichihd/train", 2048).model_copy(update={"stride": 4}),
    "fake": side("ours", 2048),
}


def keep(path: Path, **changes: Any) -> Path:
    write_record(Record.model_validate(settled(MADE | PUBLISHED, changes)), path)
    return path


def test_a_published_number_is_said_with_all_that_a_reviewer_asks(tmp_path: Path) -> None:
    text = cited(keep(tmp_path / "fvd.json", caveats=("It is odd.",)), "text")
    assert text.split("\n\n")[0] == (
        "On taichihd-train, FVD16 is 98 (standard deviation 1.0 over repeats; 95 % "
        "interval 88 to 110) for ours. FVD (Unterthiner et al., 2018) was computed "
        "with leo-bench 0.1.0 (commit 000000000000) (leo-bench, 2026; Wang et al., 2024) "
        "under protocol digan, version 2 (digest 62da89eedb54), after "
        "sihyun-yu/digan at commit e822320 (Yu et al., 2022; "
        "sihyun-yu/digan), on clips of 16 frames at 128x128 pixels (resized by "
        "center-crop-bilinear-truncate) of taichihd-train (Siarohin et al., 2019), with "
        "features of i3d-kinetics400 (Carreira and Zisserman, 2017) (weights SHA-256 "
        "abababababab). 2,048 real clips (cut from consecutive blocks, one frame in 4) "
        "were held against 2,048 generated ones (from the first frame on, every frame). "
        "The value is the mean of 2 repeats. All chance follows from seed 0; decoding and "
        "arithmetic are those of PyAV 17.1.0 and PyTorch 2.11 on cpu. Intervals are 95 % "
        "intervals: where a number would fall with as many other videos, on both "
        "sides where there are two; FVD of real against real videos is not 0 at these "
        "counts. Not comparable with published numbers: It is odd."
    )
    entries = re.findall(r"@\w+\{(.*),", text)
    assert entries == [
        "wang2024leo",
        "unterthiner2018fvd",
        "yu2022digan",
        "sihyun-yu-digan",
        "carreira2017i3d",
        "siarohin2019fomm",
        "leo-bench",
    ]
    assert "  note = {Version 0.1.0, commit 000000000000},\n" in text
    assert (
        "@misc{sihyun-yu-digan,\n"
        "  title = {{sihyun-yu/digan}},\n"
        "  note = {Commit e822320},\n"
        "  howpublished = {\\url{https://github.com/sihyun-yu/digan}},\n"
        "  key = {sihyun-yu/digan},\n"
        "}\n"
    ) in text
    assert "No paper for" not in text


@pytest.mark.parametrize(
    ("protocol", "after", "notes"),
    [
        # A release, and a work that is the repository already.
        (
            "pytorch-fid",
            "after mseitzer/pytorch-fid at version 0.3.0 (Seitzer, 2020), on clips",
            {},
        ),
        # A folder of a repository, with the commit of another one.
        (
            "tf-original",
            "after google-research/google-research (Unterthiner et al., 2018; "
            "google-research/google-research), on clips",
            {"google-research-google-research": "tree/master/frechet_video_distance"},
        ),
    ],
)
def test_a_version_is_said_of_the_repository_that_has_it(
    protocol: str, after: str, notes: dict[str, str]
) -> None:
    settings = load_protocol(protocol).model_dump(mode="json")
    own = {"protocol": protocol, "protocol_settings": settings}
    content = Record.model_validate(MADE).content() | own
    found = citations([content])
    text = joined(paragraph([content], found), str, lambda keys: labels(keys, found))
    assert after in text
    assert {key: found.works[key].note for key in notes} == notes
    assert len(found.of["protocol", protocol]) == 1 + len(notes)


def test_numbers_of_one_way_share_a_paragraph(tmp_path: Path) -> None:
    keep(tmp_path / "b" / "ours" / "fvd.json")
    keep(tmp_path / "b" / "ours" / "kvd.json", metric="kvd")
    other = side("theirs", 2000)
    keep(tmp_path / "b" / "theirs" / "fvd.json", fake=other, caveats=("few",))
    keep(tmp_path / "b" / "seeded" / "fvd.json", seed=1)
    first, second, *_ = cited(tmp_path, "text").split("\n\n")
    assert first.startswith("On taichihd-train, FVD16 is 98 (")
    assert "; 2,048 real and 2,048 generated clips) for ours and 98 (" in first
    assert "; 2,048 real and 2,000 generated clips) for theirs. " in first
    assert "On taichihd-train, KVD16 is " in first
    both = (
        "FVD (Unterthiner et al., 2018) and KVD (Unterthiner et al., 2018; Bińkowski et al., 2018) "
    )
    assert f"{both}were computed with leo-bench 0.1.0" in first
    assert "2,048 real clips" in first
    assert "against 2,000 to 2,048 generated ones" in first
    assert first.endswith("Not comparable with published numbers: few (theirs).")
    assert "All chance follows from seed 1" in second


def test_an_interval_against_statistics_is_of_the_generated_side_alone(tmp_path: Path) -> None:
    known = PUBLISHED["real"].model_copy(update={"layout": STATISTICS})
    keep(tmp_path / "b" / "ours" / "fvd.json")
    keep(tmp_path / "b" / "theirs" / "fvd.json", real=known)
    both, alone, *_ = cited(tmp_path, "text").split("\n\n")
    assert "with as many other videos, on both sides where there are two;" in both
    assert "with as many other generated videos, against the same statistics of" in alone


def test_scores_and_shares(tmp_path: Path) -> None:
    write_record(SCORE, tmp_path / "acd.json")
    text = cited(tmp_path / "acd.json", "text")
    assert text.startswith(
        "On toy-faces-test, ACD16 is 0.25 (95 % interval 0.20 to 0.30) for toy-faces-test "
        "(real videos). ACD (Tulyakov et al., 2018) was computed"
    )
    assert "Left out, since they could not be read: 1 videos." in text
    assert "No paper for dataset toy-faces: leo-bench renders it.\n" in text
    shares = ShareOfClips(value=0.5, interval=(0.4, 0.6))
    extra = PrecisionExtra(neighbours=3, precision=shares, recall=shares)
    made = Record.model_validate(settled(MADE, {}))
    write_record(Document("precision", (made,), extra), tmp_path / "p.json")
    text = cited(tmp_path / "p.json", "text")
    assert text.startswith("On real, Precision of 16 frames is 0.50 (95 % interval 0.40 to 0.60)")
    assert "Precision (Kynkäänniemi et al., 2019) and recall" in text
    assert "(3 nearest neighbours) were computed" in text
    assert r"author = {Kynk{\"a}{\"a}nniemi, Tuomas and" in text


def test_a_difference_has_the_digits_of_its_own_interval(tmp_path: Path) -> None:
    real = Against(
        source=SCORE.source,
        value=0.2496,
        videos_used=3,
        difference=0.0004,
        interval=(0.0002, 0.0006),
        interval_level=0.95,
        standard_error=0.0001,
        paired=True,
    )
    write_record(SCORE.model_copy(update={"side": "fake", "against": real}), tmp_path / "acd.json")
    text = cited(tmp_path / "acd.json", "text")
    assert "less that of the real videos +0.00040, 0.00020 to 0.00060" in text


def test_what_has_no_work_says_so(tmp_path: Path) -> None:
    text = cited(keep(tmp_path / "fvd.json", extractor="mine.py:net", dataset=None), "text")
    why = "leo-bench has no entry for it; cite its origin yourself"
    assert f"No paper for network mine.py:net: {why}.\n" in text
    assert text.startswith("On taichihd/train, FVD16")


def test_every_shipped_name_has_its_works_or_says_why_not() -> None:
    known = bibliography().cite
    shipped = {
        "protocol": {p.id for p in (*list_protocols(), *list_frame_protocols())}
        | {f"repetition-{signal}" for signal in get_args(SignalKind)},
        "network": {each.name for each in (*list_extractors(), *list_embedders())},
        "metric": {*METRICS, "recall"},
        "dataset": {dataset.id for dataset in list_datasets()},
    }
    assert {kind: set(names) for kind, names in known.items()} == shipped


def test_every_work_is_cited_and_addresses_are_those_of_the_data_sets() -> None:
    found = bibliography()
    used = {key for of in found.cite.values() for keys in of.values() for key in keys}
    assert set(found.works) <= used | {"wang2024leo"}
    for dataset in list_datasets():
        if dataset.paper:
            work = found.works[found.cite["dataset"][dataset.id][0]]
            assert dataset.paper.rpartition(".org/")[2].removeprefix("abs/") in (
                work.eprint,
                work.doi,
            )


def test_an_unknown_work_is_refused() -> None:
    content = {"works": {}, "cite": {"metric": {"fvd": ["nobody2000"]}}}
    with pytest.raises(ValueError, match="fvd: no work 'nobody2000'"):
        Bibliography.model_validate(content)


NASTY = "a<b>&'\"_%$#{x}^~|*`\\[1]模é\u202e\n"


def nasty(folder: Path) -> Path:
    digan = load_protocol("digan").model_dump(mode="json")
    settings = digan | {"source": f"https://github.com/a/b {NASTY}"}
    settings |= {"commit": NASTY}
    path = folder / "bench" / "model" / "fvd.json"
    return keep(path, caveats=(NASTY,), fake=side(NASTY, 2048), protocol_settings=settings)


def test_names_are_escaped_in_every_format(tmp_path: Path) -> None:
    path = nasty(tmp_path)
    for format in FORMATS:
        text = cited(path, format)
        assert "\u202e" not in text
        assert format == "text" or "<b>" not in text.replace("\\<", "")
    entries = cited(path, "bibtex")
    assert entries.count("{") == entries.count("}")
    bare = re.sub(r"\\.", "", cited(path, "latex"))
    assert not re.search(r"[&#$^_<>|]", bare.partition("\n%")[0])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not there")
def test_latex_compiles(tmp_path: Path) -> None:
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\begin{document}\n"
        f"{cited(nasty(tmp_path), 'latex')}\n{cited(GOLDEN, 'latex')}\\end{{document}}\n",
        encoding="utf-8",
    )
    line = ["pdflatex", "-draftmode", "-halt-on-error", "-interaction=nonstopmode", "all.tex"]
    run = subprocess.run(line, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout[-1000:]


def test_an_entry_is_written_for_any_bibtex() -> None:
    works = bibliography().works
    text = bibtex({key: works[key] for key in ("rossler2018faceforensics", "ge2024content")})
    assert 'author = {R{\\"o}ssler, A. and ' in text
    assert "Nie{\\ss}ner" in text
    assert "title = {On the Content Bias in {Fr{\\'e}chet} Video Distance}," in text
    assert bibtex(citations([]).works).startswith("@article{wang2024leo,")


def test_the_command(leo_bench: Run, tmp_path: Path) -> None:
    path = keep(tmp_path / "fvd.json")
    ended = leo_bench("cite", path, "--format", "latex")
    assert (ended.code, ended.err) == (0, "")
    assert "under protocol digan, version 2" in ended.out
    assert "~\\cite{yu2022digan,sihyun-yu-digan}" in ended.out
    assert "@" not in ended.out
    for place, said in (
        (tmp_path / "none.json", "no such folder"),
        (tmp_path / "empty", "no number"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        ended = leo_bench("cite", place)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert said in ended.err


def test_a_place_that_is_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder of records"):
        cited(tmp_path / "none", "text")
