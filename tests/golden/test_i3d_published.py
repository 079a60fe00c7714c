"""The published weights give the published distances. Needs the files of weights.toml."""

import pytest
import torch

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor, ExtractorRequest, build_extractor

pytestmark = pytest.mark.weights

# FVD of black against white videos by frames, ± 1: JunyaoHu/common_metrics_on_video_quality
# 5f75173, README. The covariances vanish, so it is the squared distance of the features.
BLACK_TO_WHITE = {15: 133.70, 16: 152.92, 30: 151.26}


@pytest.fixture(scope="module", params=["i3d_pretrained_400.pt", "i3d_torchscript.pt"])
def extractor(request: pytest.FixtureRequest) -> ClipExtractor:
    wanted = ExtractorRequest("i3d-kinetics400", bn_eps=1e-3, files=(request.param,))
    try:
        return build_extractor(wanted)
    except InputError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("frames", BLACK_TO_WHITE)
def test_black_is_as_far_from_white_as_published(extractor: ClipExtractor, frames: int) -> None:
    clips = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1, 1).expand(2, 3, frames, 224, 224)
    black, white = extractor(clips).double()
    assert float((white - black).square().sum()) == pytest.approx(BLACK_TO_WHITE[frames], abs=1)
