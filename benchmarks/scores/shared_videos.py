"""Videos and networks that several plans share: each is opened or built once."""

from dataclasses import replace
from functools import partial
from typing import TypeVar

from leo_bench.benchmarks.scores.plan import FramePlan, Plan, PlannedSide
from leo_bench.benchmarks.scores.score import Network, build_network
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder, build_embedder
from leo_bench.evaluation.extractors import ExtractorRequest
from leo_bench.evaluation.feature_files.sources import FeaturesSource, StatisticsSource
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.processes.team import Alone
from leo_bench.evaluation.protocols.of_clips import EvalProtocol
from leo_bench.evaluation.videos.source import Selection, VideoSource

PlanT = TypeVar("PlanT", Plan, FramePlan)


class SharedVideos:
    """Opens each source once for all plans that open it alike, and builds each network once.

    Args:
        resources: cache and threads of the measurements.
    """

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self._any_team = Alone()
        self._sources: dict[tuple[str, SourceOptions], VideoSource] = {}
        self._networks: dict[tuple[ExtractorRequest, EvalProtocol], Network] = {}
        self._embedders: dict[EmbedderRequest, FrameEmbedder] = {}

    def planned(self, chosen: PlanT, fake: str | None) -> PlanT:
        """The plan with sides that are opened here; the fake one is called `fake`, if given."""
        real, made = chosen.real, chosen.fake
        return replace(
            chosen,
            real=None if real is None else self._side(real, None),
            fake=None if made is None else self._side(made, fake),
        )

    def network(self, chosen: Plan) -> Network:
        """The network of a distance.

        Raises:
            InputError: as `build_network`.
        """
        key = chosen.network, chosen.protocol
        if key not in self._networks:
            self._networks[key] = build_network(*key)
        return self._networks[key]

    def embedder(self, chosen: FramePlan) -> FrameEmbedder:
        """The network of a score of frames.

        Raises:
            InputError: as `build_embedder`.
        """
        if chosen.network not in self._embedders:
            self._embedders[chosen.network] = build_embedder(chosen.network)
        return self._embedders[chosen.network]

    def _side(self, side: PlannedSide, name: str | None) -> PlannedSide:
        return replace(side, in_memory=partial(self._open, side.spec, name))

    def _open(self, spec: str, name: str | None, options: SourceOptions) -> VideoSource:
        whole = replace(options, limit=None)
        alike = replace(whole, files=replace(whole.files, team=self._any_team))
        if (spec, alike) not in self._sources:
            self._sources[spec, alike] = open_source(spec, whole)
        source = self._sources[spec, alike]
        if name is None or isinstance(source, StatisticsSource):  # these are refused as a fake side
            return source
        if isinstance(source, FeaturesSource):
            return source.called(name)
        return Selection.whole(source, name)
