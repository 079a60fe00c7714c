"""What the two sides of a comparison state differently, and a reader of the number should know."""

from collections.abc import Iterator

from leo_bench.evaluation.records.parts import SideRecord

RATES_APART = 0.1  # of the smaller median: more is noted
REPEATED = 0.2  # of successive frames: more on one side alone is noted


def side_notes(real: SideRecord, fake: SideRecord, frames: int) -> list[str]:
    """Notes on frame rates, and on frames that repeat the one before on one side alone.

    Args:
        real: one side.
        fake: the other.
        frames: of a clip.
    """
    return [*_on_rates(real, fake, frames), *_on_repeated(real, fake)]


def _on_rates(real: SideRecord, fake: SideRecord, frames: int) -> Iterator[str]:
    if real.rates is None or fake.rates is None:
        return
    of_real, of_fake = real.rates[1], fake.rates[1]
    if max(of_real, of_fake) > (1 + RATES_APART) * min(of_real, of_fake):
        seconds = (frames * real.stride / of_real, frames * fake.stride / of_fake)
        yield (
            f"real videos have {of_real:.4g} frames a second, fake ones {of_fake:.4g} (medians): "
            f"{frames} frames at strides {real.stride} and {fake.stride} last {seconds[0]:.3g} s "
            f"and {seconds[1]:.3g} s"
        )


def _on_repeated(real: SideRecord, fake: SideRecord) -> Iterator[str]:
    if real.repeated is None or fake.repeated is None:
        return
    if (real.repeated > REPEATED) != (fake.repeated > REPEATED):
        yield (
            "frames that equal the one before them to the bit: "
            f"{100 * real.repeated:.0f} % of the real side, {100 * fake.repeated:.0f} % of the "
            "fake one; doubled frames or stills are part of the value"
        )
