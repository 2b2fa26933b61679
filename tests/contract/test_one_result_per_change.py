from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connector.crm import ID
from tests.contract.bench import Bench
from tests.contract.fake import Jobs


def test_a_rejected_change_does_not_stop_the_others(bench: Bench) -> None:
    ids = bench.some_ids(5)
    values = {key: {"text": f"change {number}", "number": 1.0} for number, key in enumerate(ids)}
    values[ids[2]] = {"text": "x" * 300, "number": 1.0}
    before = bench.written([ids[2]])
    results = bench.write(values)
    assert set(results) == set(ids)
    outcomes = {key: result["outcome"] for key, result in results.items()}
    if outcomes[ids[2]] == "written":  # a CRM without a limit on texts keeps the whole of it
        assert bench.written([ids[2]])[ids[2]]["text"] == "x" * 300
    else:
        assert outcomes[ids[2]] == "rejected"
        assert results[ids[2]]["code"]
        assert results[ids[2]]["message"]
        assert bench.written([ids[2]]) == before
    good = [key for key in ids if key != ids[2]]
    assert {outcomes[key] for key in good} == {"written"}
    assert {key: row["text"] for key, row in bench.written(good).items()} == {
        key: values[key]["text"] for key in good
    }


def test_an_account_that_is_gone_is_a_rejected_change(bench: Bench) -> None:
    first, second = bench.some_ids(2)
    gone = first[:-4] + ("9" * 4 if first[-4:].isdigit() else "zAAA")
    results = bench.write({first: {"number": 3.0}, gone: {"number": 3.0}, second: {"number": 3.0}})
    assert results[gone]["outcome"] == "rejected"
    assert results[gone]["code"]
    assert {results[key]["outcome"] for key in (first, second)} == {"written"}


def test_results_come_batch_by_batch(bench: Bench) -> None:
    ids = bench.some_ids(4)
    taken: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(2):
            taken.append(number)
            yield bench.changes({key: {"number": 4.0} for key in ids[2 * number : 2 * number + 2]})

    results = bench.crm.write(batches(), 4, Jobs())
    first = next(results)
    # Batches that leave together in one job are all taken before the first result.
    assert taken in ([0], [0, 1])
    assert first[ID].to_pylist() == ids[:2]
    assert [key for batch in results for key in batch[ID].to_pylist()] == ids[2:]
    assert taken == [0, 1]
