from __future__ import annotations

from tests.contract.bench import TARGETS, VALUES, Bench

CLEARED = dict.fromkeys(TARGETS)


def test_a_written_value_reads_back_equal(bench: Bench) -> None:
    ids = bench.some_ids(3)
    results = bench.write(dict.fromkeys(ids, VALUES))
    assert {result["outcome"] for result in results.values()} == {"written"}
    assert bench.written(ids) == dict.fromkeys(ids, VALUES)


def test_a_null_clears(bench: Bench) -> None:
    ids = bench.some_ids(3)
    bench.write(dict.fromkeys(ids, VALUES))
    results = bench.write(dict.fromkeys(ids, CLEARED))
    assert {result["outcome"] for result in results.values()} == {"written"}
    for row in bench.written(ids).values():
        assert row.pop("flag") in (None, False)  # a checkbox has no third state in Salesforce
        assert set(row.values()) == {None}


def test_a_field_that_is_not_sent_is_left_alone(bench: Bench) -> None:
    first, second = bench.some_ids(2)
    bench.write({first: VALUES, second: VALUES})
    bench.write({first: {"number": 11.0}, second: {"text": None}})
    assert bench.written([first, second]) == {
        first: {**VALUES, "number": 11.0},
        second: {**VALUES, "text": None},
    }


def test_zero_and_false_are_values(bench: Bench) -> None:
    (key,) = bench.some_ids(1)
    zero = {"number": 0.0, "money": 0.0, "flag": False}
    bench.write({key: VALUES})
    bench.write({key: zero})
    assert bench.written([key]) == {key: {**VALUES, **zero}}


def test_more_changes_than_one_batch_holds(bench: Bench) -> None:
    ids = bench.some_ids(230)
    values = {key: {"number": float(number)} for number, key in enumerate(ids)}
    results = bench.write(values)
    assert {result["outcome"] for result in results.values()} == {"written"}
    assert {key: row["number"] for key, row in bench.written(ids).items()} == {
        key: row["number"] for key, row in values.items()
    }
