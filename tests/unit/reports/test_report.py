"""The HTML report: what is in it, and what cannot get into it."""

import html
import re
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from made_records import features, fvd_of, keep_fvd, record, settled, side
from typer.testing import CliRunner

from conftest import Run
from leo_bench.benchmarks.cli.main import app
from leo_bench.benchmarks.publishing.clips import picked
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.documents import Document
from leo_bench.evaluation.records.shares import PrecisionExtra, ShareOfClips
from leo_bench.evaluation.records.shown_digits import number_text
from leo_bench.reports.citing import cited, paragraphs
from leo_bench.reports.curves import bias_curve, loss_curves, time_curve
from leo_bench.reports.own_tables.numbers import numbers_of
from leo_bench.reports.page import Clip, ClipRow, Extras, render
from leo_bench.reports.records import read_tree

EVIL = "<script>alert(1)</script>\"'&"


def made(folder: Path) -> Path:
    caveats = (EVIL, "Stopped.")
    keep_fvd(folder, features(1, 64), features(2, 64, 0.5), caveats=caveats, comparable=False)
    return folder


class Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        names = ("src", "href", "poster")
        self.addresses += [value or "" for name, value in attrs if name in names]


def test_the_page_holds_the_numbers_and_fetches_nothing(tmp_path: Path) -> None:
    tree = read_tree(made(tmp_path))
    clip = Clip(EVIL, EVIL, b"not a video", b"not a picture")
    extras = Extras(clips={"made-16f/model/fvd": [ClipRow(EVIL, [clip])]})
    text = render(tree, EVIL, extras)
    assert tree.records["made-16f/model/fvd"].published.value_text in text
    page = Page(text)
    assert "script" not in page.tags
    assert "video" in page.tags
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert "default-src 'none'" in text
    assert "<li>Stopped.</li>" in text  # one full stop, the sentence's
    assert "autoplay" not in text


def test_the_page_has_the_sentences_of_cite(tmp_path: Path) -> None:
    keep_fvd(tmp_path, features(1, 64), features(2, 64, 0.5))
    text = html.unescape(render(read_tree(tmp_path), "title", Extras()))
    said = cited(tmp_path, "text")
    assert said.split("\n\n")[0] in text
    assert " (95 % interval " in said
    assert said[said.index("@") :].strip() in text
    assert "Towards Accurate Generative Models of Video" in text


def test_precision_and_recall_have_their_provenance(tmp_path: Path) -> None:
    real, fake = features(1, 64), features(2, 64, 0.5)
    share = ShareOfClips(value=0.5, interval=(0.4, 0.6))
    made = record(fvd_of(real, fake), real.values, fake.values)
    document = Document(
        "precision", (made,), PrecisionExtra(neighbours=3, precision=share, recall=share)
    )
    path = tmp_path / "records" / "made-16f" / "model" / "precision.json"
    path.parent.mkdir(parents=True)
    write_record(document, path)
    out = tmp_path / "page.html"
    ended = CliRunner().invoke(
        app, ["report", "--records", str(tmp_path / "records"), "--out", str(out)]
    )
    assert (ended.exit_code, ended.stderr.split(", ")[0]) == (0, f"{out}: 2 numbers")
    text = html.unescape(out.read_text(encoding="utf-8"))
    assert "<code>made-16f/model/precision.json</code>" in text
    assert f'"protocol_digest": "{made.protocol_digest}"' in text


def test_a_page_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no record is in that folder"):
        render(read_tree(tmp_path), "title", Extras())


def test_a_broken_record_is_named_on_the_page(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "half.json").write_text("{")
    text = render(read_tree(tmp_path), "title", Extras())
    assert "Not readable" in text
    assert "<code>half</code>" in text


def test_the_methods_paragraph_says_how_the_number_was_made(tmp_path: Path) -> None:
    (text,) = paragraphs(numbers_of(made(tmp_path)), "text")
    assert f"protocol stylegan-v, version {load_protocol('stylegan-v').version}" in text
    assert "64 real clips" in text
    assert "16 frames at the stored resolution" in text
    assert EVIL in text  # escaped by the page, not here


def test_records_made_in_different_ways_have_paragraphs_of_their_own(tmp_path: Path) -> None:
    real, fake = features(1, 64), features(2, 64, 0.5)
    third = side("real", 64).model_copy(update={"stride": 3})
    ways: dict[str, dict[str, Any]] = {"a": {"dataset": "x-test"}, "b": {"real": third}}
    for name, changes in {**ways, "c": {"seed": 1, "caveats": ("It is odd.",)}}.items():
        content = record(fvd_of(real, fake), real.values, fake.values).model_dump()
        made = Record.model_validate(settled(content, changes))
        write_record(made, tmp_path / name / "model" / "fvd.json")
    plain, sparse, seeded = paragraphs(numbers_of(tmp_path), "text")
    assert "at the stored resolution of x-test, with" in plain
    assert "64 real clips (from a random frame on, every frame)" in plain
    assert "64 real clips (from a random frame on, one frame in 3)" in sparse
    assert "seed 1" in seeded
    assert seeded.endswith("It is odd.")


def test_the_line_of_the_bias_curve_meets_its_points(tmp_path: Path) -> None:
    real, fake = features(1, 64), features(2, 64)
    found = fvd_of(real, fake).extrapolation
    assert found is not None
    assert found.interval is not None
    fit = {
        "value": found.value,
        "interval": (found.interval.low, found.interval.high),
        "n_real": [point.n_real for point in found.points],
        "n_fake": [point.n_fake for point in found.points],
        "values": [point.value for point in found.points],
        "method": "jackknife",
        "line": found.line,
        "needs": found.needs,
        "reliable": True,
        "reason": "",
    }
    keep_fvd(tmp_path, real, fake, fvd_infinity=found.value, extrapolation=fit)
    stored = read_tree(tmp_path).records["made-16f/model/fvd"]
    curve = bias_curve({"model": stored})
    assert curve is not None
    assert curve.svg.startswith("<svg")
    assert "<script" not in curve.svg
    ends = (found.interval.low, found.interval.high)
    ((label, infinity, points),) = curve.rows
    assert label == "model"
    assert infinity.startswith(f"{number_text(found.value, ends)} [")
    assert points.count(" and ") == len(found.points)
    assert bias_curve({}) is None
    assert time_curve({}) is None


def test_no_curve_of_what_is_not_reliable(tmp_path: Path) -> None:
    fit = {
        "value": 10.0,
        "interval": None,
        "n_real": (64.0, 32.0),
        "n_fake": (64.0, 32.0),
        "values": (12.0, 14.0),
        "method": "jackknife",
        "line": 10.0,
        "needs": 183,
        "reliable": False,
        "reason": "64 videos on the smaller side",
    }
    keep_fvd(tmp_path, features(1, 64), features(2, 64), extrapolation=fit)
    stored = read_tree(tmp_path).records["made-16f/model/fvd"]
    assert stored.content["fvd_infinity"] is None
    assert bias_curve({"model": stored}) is None


def test_curves_have_the_colours_and_letters_of_the_page() -> None:
    """Black on black in a dark colour scheme otherwise."""
    curve = time_curve({"model": {"time": (0.0, 1.0), "mean": (0.0, 1.0)}})
    assert curve is not None
    root = ET.fromstring(curve.svg)
    assert root.get("fill") == "currentColor"  # what letters, which name no fill, inherit
    text = " ".join(filter(None, (part.get("style") for part in root.iter())))
    assert not re.search(r"(fill|stroke): (#|black)", text)
    assert "stroke: currentColor" in text
    assert "stroke: var(--line-0)" in text
    assert "font-family" not in text
    assert not list(root.iter("style"))  # it would hold for the whole page
    assert (root.get("role"), root.get("aria-label", "")[:22]) == ("img", "Identity against time.")
    assert curve.heads == ("frame", "model")
    assert curve.rows == (("0", number_text(0.0)), ("1", number_text(1.0)))


def test_two_pictures_share_no_id() -> None:
    pictures = [time_curve({"model": {"time": (0.0, 1.0), "mean": (0.0, n)}}) for n in (1.0, 2.0)]
    ids = [
        {part.get("id") for part in ET.fromstring(curve.svg).iter() if part.get("id")}
        for curve in pictures
        if curve is not None
    ]
    assert len(ids) == 2
    assert ids[0]
    assert not ids[0] & ids[1]
    for curve in pictures:
        assert curve is not None
        for name in re.findall(r'(?:url\(|href=")#([^")]+)', curve.svg):
            assert f'id="{name}"' in curve.svg


def test_lines_are_told_apart_without_colour() -> None:
    curves = {f"model {i}": {"time": (0.0, 1.0), "mean": (0.0, i)} for i in range(12)}
    curve = time_curve(curves)
    assert curve is not None
    root = ET.fromstring(curve.svg)
    legend = next(part for part in root.iter() if part.get("id", "").endswith("legend_1"))
    marks = {d.get("id"): d.get("d") for d in root.iter("path") if d.get("id")}
    looks = []
    for line in legend.iter("g"):
        parts = [part for part in line if part.tag == "path"]
        used = [use.get("href", "#")[1:] for use in line.iter("use")]
        if parts and used:
            dash = re.search(r"stroke-dasharray: [^;]*", parts[0].get("style", ""))
            looks.append((dash and dash[0], marks[used[0]]))
    assert len(looks) == len(set(looks)) == 12


def test_without_matplotlib_the_page_has_no_curves_and_says_so(
    tmp_path: Path, leo_bench: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_fvd(tmp_path / "records", features(1, 64), features(2, 64))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = ("report", "--records", tmp_path / "records", "--run", "leo/trained/toy-faces")
    ended = leo_bench(*line, "--videos", 0, "--out", tmp_path / "report.html")
    assert ended.code == 0, ended.err
    assert "note: no curves: matplotlib is not installed (extra: report)" in ended.err
    page = (tmp_path / "report.html").read_text()
    assert "Without curves: matplotlib is not installed" in page
    assert "<svg" not in page
    assert '<meta name="generator" content="leo-bench">' in page


@pytest.mark.parametrize("name", ["$x_$", "_hidden", "--><script>", "a</svg>", "#0072b2 #p1"])
def test_any_name_is_drawn_as_it_is(name: str) -> None:
    curve = {"time": (0.0, 1.0), "mean": (0.0, 1.0)}
    plain, drawn = (time_curve({label: curve}) for label in ("name", name))
    assert plain is not None
    assert drawn is not None
    texts = [curve.svg.count('<g id="text_') for curve in (plain, drawn)]
    assert texts[0] == texts[1]  # the legend has it
    assert "<script" not in drawn.svg
    assert drawn.svg.count("</svg>") == 1
    assert name in {(part.text or "").strip() for part in ET.fromstring(drawn.svg).iter("text")}


def test_losses_of_a_shipped_model_are_drawn() -> None:
    curves = loss_curves(Path("leo/trained/toy-faces"))
    assert [curve.title for curve in curves] == [
        "Losses of animator",
        "Losses of cddpm",
        "Losses of frame-dm",
        "Losses of lmdm",
        "Losses of super-resolution",
    ]
    assert "7,000 steps" in curves[0].about


def test_a_run_without_logs_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no log of a training"):
        loss_curves(tmp_path)
    (tmp_path / "lmdm.log.jsonl").write_text("{}\n[]\n")
    with pytest.raises(InputError, match="not the log of a training"):
        loss_curves(tmp_path)


def test_the_videos_shown_are_those_that_move_the_number_most() -> None:
    moves = torch.linspace(-1, 1, 9).tolist()
    influences = {f"v{i}": (move, 0.0) for i, move in enumerate(moves)}
    found = picked(influences, 2)
    assert [name for name, _ in found.typical] == ["v0", "v1"]
    assert [name for name, _ in found.odd] == ["v8", "v7"]
    assert len(picked(dict(list(influences.items())[:3]), 2).odd) == 1


def test_the_command_goes_on_without_clips_of_videos_that_are_gone(tmp_path: Path) -> None:
    made(tmp_path / "records")
    out = tmp_path / "report.html"
    arguments = ["report", "--records", str(tmp_path / "records"), "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert re.search(r"no clips: ", result.output)
    assert "Methods, to cite" in out.read_text()
