"""Names that are not known: messages of one line say the nearest known one, and which there are."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from leo_bench.evaluation.files.given_files import listed, shortened

LIKENESS = 0.72  # least ratio of difflib: 1 is equal, a letter too many in a word of five 0.91
LIKENESS_SHORT = 0.65  # of words of at most SHORT letters: fdv and fvd have 0.67
SHORT = 4
FEW = 120  # characters of a list that is shown beside a guess
BEGINNING = 3  # letters from which on a name may be told by how it begins


def nearest_name(given: str, known: Iterable[str]) -> str | None:
    """The known name that `given` most likely stands for; None where nothing is near.

    Args:
        given: as it was typed; upper and lower case are alike.
        known: the names there are.
    """
    names = {name.casefold(): name for name in known}
    word = given.casefold()
    begun = [name for name in names if len(word) >= BEGINNING and name.startswith(word)]
    least = LIKENESS_SHORT if len(word) <= SHORT else LIKENESS
    found = get_close_matches(word, begun, 1, 0) or get_close_matches(word, names, 1, least)
    return names[found[0]] if found else None


def did_you_mean(given: str, known: Iterable[str], write: Callable[[str], str] = str) -> str:
    """The question for a message, with a space behind it; "" where nothing is near.

    Args:
        given: as of `nearest_name`.
        known: as there.
        write: makes the text of a name, such as one with the rest of what was typed.
    """
    name = nearest_name(given, known)
    return "" if name is None else f"did you mean {shortened(write(name))}? "


def known_are(given: str, known: Iterable[str], write: Callable[[str], str] = str) -> str:
    """The end of a message on a name that is not known.

    "did you mean digan? known are digan, stylegan-v". Beside a guess a long list is left out.
    """
    names = list(known)
    guess = did_you_mean(given, names, write)
    texts = [write(name) for name in names] or ["none"]
    if guess and len(", ".join(texts)) > FEW:
        return guess.rstrip()
    return f"{guess}known are {listed(texts)}"
