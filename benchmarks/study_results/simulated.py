"""Answers of simulated raters, to try a study and its analysis before people are asked.

A vote is drawn with

    log odds = m + rater's effect + item's effect + left bias,  both effects normal,

where m is such that the share over all raters and items is the wanted one, without the left bias
(`evaluation.preferences.power.middle_log_odds`). Of a pair, the share of clip a follows from the
difference of two strengths, and the rater's effect is the difference of the rater's effects for the
two methods. Answers have `way` "simulated", and `collecting` never puts them together with others.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from leo_bench.benchmarks.user_study.answers import DAY, Answers, Vote
from leo_bench.benchmarks.user_study.study import Shown, Study, choice_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.preferences.power import Spread, middle_log_odds

LARGEST = 10.0  # log odds: a share of 99.995 %
SMALLEST_SHARE = 0.0001  # of yes; log odds of -9.2

# Seconds an item. An assumption: the pages' clips last 1 to 4 s, and are seen once or twice.
MEDIAN_SECONDS = 6.0
CARELESS_SECONDS = 1.5
SPREAD_OF_LOG_SECONDS = 0.5


@dataclass(frozen=True)
class Population:
    """What simulated raters have in common.

    Args:
        spread: of raters and items, on the scale of log odds.
        inattentive: share of raters who answer everything at random, checks too. The others answer
            every check right.
        left_bias: what is added to the log odds of pressing left.
    """

    spread: Spread = field(default_factory=Spread)
    inattentive: float = 0.0
    left_bias: float = 0.0


def given_strengths(study: Study, *, prefer: str, yes: str) -> dict[str, float]:
    """Strengths of clips from the options of `leo-bench study simulate`.

    Args:
        study: the study.
        prefer: of pairs: log odds of methods, "A=1.0,B=0".
        yes: of single clips: shares of yes, "A=0.45,B=0.02".

    Raises:
        InputError: the option is the other kind's; a name is no method; a number is out of range.
    """
    if study.kind == "pairs":
        if yes:
            raise InputError("--yes: this study shows pairs; give --prefer")
        return strengths_by_method(study, _numbers("--prefer", prefer, -LARGEST, LARGEST))
    if prefer:
        raise InputError("--prefer: this study shows single clips; give --yes")
    shares = _numbers("--yes", yes, SMALLEST_SHARE, 1 - SMALLEST_SHARE)
    odds = {name: math.log(share / (1 - share)) for name, share in shares.items()}
    return strengths_by_method(study, odds)


def strengths_by_method(study: Study, values: Mapping[str, float]) -> dict[str, float]:
    """Strength of each method's clips, by name of the clip; 0 for methods that are not named.

    Raises:
        InputError: a name is no method of the study.
    """
    for name in values:
        if name not in study.method:
            known = known_are(name, sorted(study.method))
            raise InputError(f"no method {shortened(name)!r} is in the study; {known}")
    return {name: values.get(clip.method, 0.0) for name, clip in study.clip.items() if clip.method}


def _numbers(option: str, text: str, least: float, most: float) -> dict[str, float]:
    """Read "A=1.0,B=0"."""
    found: dict[str, float] = {}
    for part in text.split(",") if text else []:
        name, _, number = part.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not name or name in found or not least <= value <= most:
            raise InputError(
                f"{option} {shortened(part)}: METHOD=NUMBER is expected, each method once, "
                f"with a number from {least:g} to {most:g}"
            )
        found[name] = value
    return found


@dataclass(frozen=True)
class Simulation:
    """Raters whose choices follow given strengths.

    Args:
        study: the study.
        strengths: by name of the clip, log odds, -10 to 10. Of a pair, clip a is chosen with the
            share expit(a - b); a single clip is answered yes with the share expit(strength).
        population: what the raters have in common.
        seed: of every draw; a rater's answers do not depend on how many others there are.
    """

    study: Study
    strengths: Mapping[str, float]
    population: Population = field(default_factory=Population)
    seed: int = 0

    def answers(self, raters: int) -> list[Answers]:
        """All answers of so many raters, who take the slots in turn.

        Raises:
            InputError: a clip of a rated item has no strength, or one out of range.
        """
        return [self._answers_of(rater) for rater in range(raters)]

    @cached_property
    def _log_odds(self) -> dict[str, float]:
        """Of answering a, or yes, to each rated item, by a rater without effect."""
        study, spread = self.study, self.population.spread
        found = {}
        for name, item in study.item.items():
            if item.role == "rated":
                strength = self._strength(item.a) - (self._strength(item.b) if item.b else 0.0)
                effect = random.Random(f"item {self.seed} {name}").gauss(0, spread.items)
                found[name] = middle_log_odds(_share(strength), spread) + effect
        return found

    def _strength(self, clip: str) -> float:
        value = self.strengths.get(clip, math.nan)
        if not abs(value) <= LARGEST:
            raise InputError(
                f"clip {clip}: strength {value:g}; {-LARGEST:g} to {LARGEST:g} is possible"
            )
        return value

    def _answers_of(self, rater: int) -> Answers:
        draw = random.Random(f"rater {self.seed} {rater}")
        token = f"{draw.getrandbits(128):032x}"
        is_careless = draw.random() < self.population.inattentive
        effects = self._effects(draw)
        median = CARELESS_SECONDS if is_careless else MEDIAN_SECONDS
        median *= math.exp(draw.gauss(0, SPREAD_OF_LOG_SECONDS))
        slot = rater % self.study.raters
        votes: list[Vote] = []
        for shown in self.study.shown(slot):
            item = self.study.item[shown.item]
            if item.role == "practice":
                continue
            share = 0.5 if is_careless else self._share_of(shown, effects)
            positive, negative = ("a", "b") if item.b else ("yes", "no")
            answer = positive if draw.random() < share else negative
            seconds = median * math.exp(draw.gauss(0, SPREAD_OF_LOG_SECONDS))
            vote = Vote(
                item=shown.item,
                choice=choice_of(shown, answer),
                ms=min(round(1000 * seconds), DAY),
                turn=len(votes),
            )
            votes.append(vote)
        return Answers(
            study=self.study.id,
            rater=token,
            slot=slot,
            way="simulated",
            finished=True,
            votes=tuple(votes),
        )

    def _effects(self, draw: random.Random) -> dict[str, float]:
        """One rater's effects, by method; of single clips the same for all."""
        spread = self.population.spread.raters
        if self.study.kind == "single":
            return dict.fromkeys(self.study.method, draw.gauss(0, spread))
        # The difference of two has the wanted spread.
        return {name: draw.gauss(0, spread / math.sqrt(2)) for name in sorted(self.study.method)}

    def _share_of(self, shown: Shown, effects: Mapping[str, float]) -> float:
        """Chance that an attentive rater answers a, or yes."""
        item = self.study.item[shown.item]
        if item.right:
            return float(item.right in ("a", "yes"))
        of_a, of_b = self.study.methods_of(shown.item)
        odds = self._log_odds[shown.item] + effects[of_a]
        if item.b:
            bias = self.population.left_bias
            odds += (-bias if shown.is_flipped else bias) - effects[of_b]
        return _share(odds)


def _share(log_odds: float) -> float:
    """The share that has these log odds."""
    return (1 + math.tanh(log_odds / 2)) / 2
