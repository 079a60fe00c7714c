"""Work side by side on single threads of torch, and how much of it memory allows."""

import threading
from functools import partial

import pytest
import torch

from leo_bench.evaluation.features.single_thread_pool import (
    READING_BYTES,
    READING_BYTES_A_PIXEL,
    Lanes,
    available_bytes,
    lanes,
    on_one_thread,
    readers,
    side_by_side,
    threads,
)

MODULE = "leo_bench.evaluation.features.single_thread_pool"


def test_a_lane_has_one_thread_and_leaves_everybody_elses_number() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 3)  # more than there are cores, as a user may set it
    try:
        _lanes_leave(before + 3)
    finally:
        torch.set_num_threads(before)


def _lanes_leave(before: int) -> None:
    with Lanes(3) as three:
        assert [three.submit(torch.get_num_threads).result() for _ in range(6)] == [1] * 6
        assert torch.get_num_threads() == before
        born_later: list[int] = []
        thread = threading.Thread(target=lambda: born_later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
    assert born_later == [before]


def test_lanes_that_a_lane_makes_are_as_many_as_the_process_may_use() -> None:
    """A reader that draws what it reads must not take its own single thread for the machine's."""
    with Lanes(1) as outer:
        assert outer.submit(threads).result() == threads()
        inner = outer.submit(lambda: Lanes(threads())).result()
    with inner:
        assert inner.count == threads()
    assert lanes("cuda:0").count == 1


def test_what_is_done_on_one_thread_may_ask_for_it_again() -> None:
    assert on_one_thread(lambda: on_one_thread(torch.get_num_threads)) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_pieces_side_by_side_keep_their_order_and_may_divide_themselves(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lanes(count) as pool:
        monkeypatch.setattr(f"{MODULE}.lanes", lambda _device: pool)

        def squares(upto: int) -> list[int]:
            assert torch.get_num_threads() == 1
            return side_by_side([partial(pow, i, 2) for i in range(upto)])

        def whole() -> list[list[int]]:
            return side_by_side([partial(squares, upto) for upto in range(20)])

        expected = [[i**2 for i in range(upto)] for upto in range(20)]
        assert [piece.result() for piece in [pool.submit(whole) for _ in range(6)]] == [
            expected
        ] * 6


def test_idle_lanes_take_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lanes(3) as pool:
        monkeypatch.setattr(f"{MODULE}.lanes", lambda _device: pool)
        together = threading.Barrier(3)  # broken unless three pieces run at one time
        piece = partial(together.wait, timeout=20)
        assert sorted(pool.submit(lambda: side_by_side([piece] * 3)).result()) == [0, 1, 2]


def test_the_fault_of_a_piece_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lanes(2) as pool:
        monkeypatch.setattr(f"{MODULE}.lanes", lambda _device: pool)
        pieces = [partial(int, "1"), partial(int, "one"), partial(int, "2")]
        with pytest.raises(ValueError, match="one"):
            pool.submit(lambda: side_by_side(pieces)).result()


def test_off_the_lanes_pieces_run_one_after_another() -> None:
    assert side_by_side([threading.current_thread] * 2) == [threading.current_thread()] * 2


def test_no_more_pieces_are_begun_than_asked_for() -> None:
    begun: list[int] = []

    def piece(number: int) -> int:
        begun.append(number)
        return number

    with Lanes(4) as four:
        results = four.map(piece, range(100), ahead=2)
        assert next(results) == 0
        four.submit(lambda: None).result()
        assert len(begun) <= 4
        assert list(results) == list(range(1, 100))


@pytest.mark.parametrize(
    ("wanted", "pixels", "right"),
    [(2, 64 * 64, 2), (8, 1080 * 1920, 6), (2, 2160 * 3840, 1), (2, 2**26, 1), (1, 1, 1)],
)
def test_readers_are_counted_by_bytes(wanted: int, pixels: int, right: int) -> None:
    assert readers(wanted, pixels) == right
    assert right == 1 or right * pixels * READING_BYTES_A_PIXEL <= READING_BYTES


def test_memory_is_left_and_no_more_than_there_is() -> None:
    assert 2**20 < available_bytes() < 2**50


def test_processes_of_a_machine_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}._of_machine", lambda: 1000)
    assert available_bytes() == 1000
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    assert available_bytes() == 125
