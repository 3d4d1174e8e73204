"""Figures as they are printed."""

import math

import pytest

from benchmarks.table import percentile, print_table, spread


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (20, 1), (50, 3), (95, 5), (100, 5)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile([5, 3, 1, 2, 4], percent) == expected


def test_the_95th_of_a_hundred_leaves_five_above() -> None:
    assert percentile(range(1, 101), 95) == 95


def test_no_values_have_no_percentile() -> None:
    assert math.isnan(percentile([], 50))


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert spread([3.0, 1.0, 2.5], 1) == "2.5 (1.0..3.0)"


def test_a_table_is_markdown_with_columns_as_wide_as_their_widest(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"a": "1", "long": "x"}, {"a": "222", "long": ""}])
    assert capsys.readouterr().out.splitlines() == [
        "| a   | long |",
        "| --- | ---- |",
        "| 1   | x    |",
        "| 222 |      |",
    ]
