"""Every data file loads, is called what it says, and refers to what there is."""

import pytest

from leo_bench.benchmarks.datasets import list_datasets
from leo_bench.benchmarks.suites import list_suites
from leo_bench.evaluation.embedders import list_embedders
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import list_extractors
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, list_protocols, load_protocol
from leo_bench.evaluation.weights.registry import load_registry

PROTOCOLS = list_protocols()


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.id)
def test_a_protocol_refers_to_what_there_is(protocol: EvalProtocol) -> None:
    assert load_protocol(protocol.id) == protocol
    networks = list_extractors() if protocol.frames_of_clip is None else list_embedders()
    assert protocol.extractor in {network.name for network in networks}
    assert set(protocol.weights) <= load_registry().keys()
    assert ("kvd" in protocol.metrics) == (protocol.kernel is not None)
    assert protocol.comparable_to_paper or protocol.caveat


def test_the_protocols_of_the_issues_are_there() -> None:
    known = {"digan", "stylegan-v", "tats", "latte", "cdfvd-i3d", "tf-original", "pytorch-fid"}
    assert {p.id for p in PROTOCOLS} == known


def test_no_two_protocols_compute_the_same() -> None:
    assert len({p.digest for p in PROTOCOLS}) == len(PROTOCOLS)


@pytest.mark.parametrize(
    ("name", "eps", "covariance", "dtype", "repeats"),
    [
        ("digan", 1e-5, "unbiased", "float32", 10),
        ("stylegan-v", 1e-3, "biased", "float64", 1),
        ("tats", 1e-5, "unbiased", "float32", 1),
        ("cdfvd-i3d", 1e-5, "biased", "float64", 1),
        ("tf-original", 1e-3, "unbiased", "float64", 1),
    ],
)
def test_what_the_originals_fixed_is_not_moved(
    name: str, eps: float, covariance: str, dtype: str, repeats: int
) -> None:
    protocol = load_protocol(name)
    assert protocol.bn_eps == eps
    assert (protocol.frechet.covariance, protocol.frechet.dtype) == (covariance, dtype)
    assert protocol.repeats == repeats


def test_a_data_set_is_scored_by_a_protocol_there_is() -> None:
    for dataset in list_datasets():
        known = {p.id for p in PROTOCOLS}
        assert dataset.evaluation.protocol in known
        assert dataset.evaluation.strides.keys() <= known


def test_the_papers_data_sets_are_scored_by_the_papers_protocols() -> None:
    chosen = {d.id: d.evaluation.protocol for d in list_datasets()}
    assert chosen["taichihd"] == "digan"
    assert chosen["faceforensics"] == chosen["celebvhq"] == "stylegan-v"


def test_suites_load_and_their_benchmarks_have_ids_of_their_own() -> None:
    ids = [b.id for suite in list_suites() for b in suite.benchmark]
    assert len(ids) == len(set(ids)) > 0


def test_an_unknown_protocol_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no protocol .dygan.; did you mean digan. known are"):
        load_protocol("dygan")


def test_a_changed_protocol_has_another_digest_and_is_checked() -> None:
    protocol = load_protocol("digan")
    changed = protocol.changed("frechet.covariance", "biased")
    assert changed.digest != protocol.digest
    with pytest.raises(InputError, match="covariance"):
        protocol.changed("frechet.covariance", "robust")
