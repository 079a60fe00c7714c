"""Where the checkout and the shared data lie; tests that need the data skip without it."""

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
SHARED_FOLDER = ROOT.parent / "shared"
