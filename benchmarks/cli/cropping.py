"""The options --crop and --face: how pictures and videos of people are cropped."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from leo_bench.benchmarks.cli.headings import main_option


@dataclass(frozen=True)
class Crop:
    """How pictures and videos are cropped before they are resized."""

    crop: Annotated[
        Literal["face", "person", "square", "none"],
        main_option(
            help="Crop given pictures and videos around a face or person as in the model's "
            "training data, or to the middle square; turned as their files state. A picture beside "
            "the output shows it."
        ),
    ] = "none"
    face: Annotated[
        int | None,
        main_option(
            min=1,
            help="With --crop: which of several, from left to right.",
            show_default="the largest",
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """What differs from no crop, by option."""
        found = {"crop": self.crop if self.crop != "none" else None, "face": self.face}
        return {name: value for name, value in found.items() if value is not None}
