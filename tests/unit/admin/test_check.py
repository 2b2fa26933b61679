"""Can a sync run, and on how much data would it rest?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connector.admin.check import Checked, Data, Line, check, visible_to, with_data, with_files, with_schedule
from connector.admin.check import needs as needs_of
from connector.config import Schedule
from connector.crm import Estimate, Finding, Needs, Usage
from connector.errors import MappingError, Problem, Severity
from connector.mapping import Mapping, parse
from connector.overrides import Ignored
from connector.stages.pull import needed_objects
from tests.contract.fake import FakeCrm, small_portfolio

MINIMAL = Path(__file__).parents[3] / "mappings" / "salesforce-minimal.toml"


def mapping_of(*changes: tuple[str, str]) -> Mapping:
    text = MINIMAL.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return parse(text, MINIMAL.name)[0]


def crm() -> FakeCrm:
    made = FakeCrm(small_portfolio(6))
    known = made.org.fields["opportunities"]
    known["AccountId"] = made.org.fields["accounts"]["OwnerId"]
    return made


def lines(checked: Checked, title: str) -> list[Line]:
    return [line for group in checked.groups if group.title == title for line in group.lines]


def test_go_with_fields_to_be_created() -> None:
    checked = check(crm(), mapping_of(), MINIMAL.name)
    assert checked.go
    assert checked.to_create == {
        "write.segment": "KPM_Segment__c",
        "write.confidence": "KPM_Confidence__c",
        "write.why": "KPM_Why__c",
        "write.next_step": "KPM_Next_Step__c",
    }
    assert lines(checked, "Connection") == [Line("ok", "login", "sync@example.com")]
    assert [(line.level, line.what) for line in lines(checked, "Mapping")] == [
        ("note", "to be created"),
        ("ok", "fields"),
    ]


def test_no_go_names_every_error() -> None:
    wrong = mapping_of(
        ('amount     = "Amount"', 'amount     = "Amuont"'),
        ('stage      = "StageName"', 'stage      = "Stage Name"'),
    )
    checked = check(crm(), wrong, MINIMAL.name)
    assert not checked.go
    errors = [line for line in lines(checked, "Mapping") if line.level == "error"]
    assert [line.what for line in errors] == ["opportunities.amount", "opportunities.stage"]
    assert "did you mean Amount?" in errors[0].message
    assert not any(line.level == "ok" for line in lines(checked, "Mapping"))


def test_warnings_of_the_earlier_passes_are_repeated() -> None:
    earlier = [Problem(MINIMAL.name, "campaigns.tag", "is always the same", Severity.WARNING)]
    checked = check(crm(), mapping_of(), MINIMAL.name, earlier)
    assert checked.go
    assert Line("warning", "campaigns.tag", "is always the same") in lines(checked, "Mapping")


def test_a_failed_login_ends_the_check() -> None:
    class Retired(FakeCrm):
        def check(self, needs: Needs | None = None) -> list[Finding]:  # noqa: ARG002
            return [Finding("error", "API version", "is no longer offered")]

    checked = check(Retired(small_portfolio(1)), mapping_of(), MINIMAL.name)
    assert not checked.go
    assert [group.title for group in checked.groups] == ["Connection"]


# --- data ------------------------------------------------------------------------------------------------


def data(**changes: Any) -> Data:
    mapping = mapping_of()
    raw = {one.id: [1.0, None, 3.0, None] for one in mapping.criteria}
    raw["growth"] = [None] * 4
    columns: dict[str, Any] = {
        f"raw:{key}:0": pl.Series(values, dtype=pl.Float64) for key, values in raw.items()
    }
    for key, values in raw.items():
        known = [value is not None for value in values]
        columns |= {
            f"known:{key}": known,
            f"score:{key}": pl.Series([50 if each else None for each in known], dtype=pl.Int64),
            f"rung:{key}": pl.Series([0 if each else None for each in known], dtype=pl.Int64),
        }
    accounts = pl.DataFrame({"member": [True, True, True, False], **columns})
    given: dict[str, Any] = {
        "accounts": accounts,
        "quality": [{"message": "amounts are empty", "count": 1200}],
        "estimate": Estimate(30, 20),
        "usage": Usage(100, 1000),
        "quota_share": 0.5,
    }
    return Data(**{**given, **changes})


def of_data(given: Data) -> Checked:
    return with_data(check(crm(), mapping_of(), MINIMAL.name), mapping_of(), given)


def test_how_much_data_each_criterion_has() -> None:
    found = lines(of_data(data()), "Data")
    assert found[0] == Line("ok", "portfolio", "3 customers of 4 accounts read")
    by_id = {line.what: line for line in found}
    assert by_id["pipeline"].message.startswith("67% of the portfolio have a value: open amount")
    assert (by_id["growth"].level, by_id["growth"].message[:2]) == ("warning", "0%")
    assert found[-1] == Line("note", "quality", "1,200 amounts are empty")


def test_few_values_come_with_what_to_do() -> None:
    by_id = {line.what: line for line in lines(of_data(data()), "Data")}
    assert by_id["growth"].message.endswith(
        "For the others its weight drops out: have it recorded, name another source, or set its weight to 0"
    )


def test_a_field_that_is_filled_with_what_nobody_can_score_is_no_go() -> None:
    quality = [
        {"message": "values lie ahead", "count": 3, "criterion": "growth"},
        {"message": "values are not a number: they count as missing (accounts.x)", "count": 1253}
        | {"criterion": "growth"},
    ]
    checked = of_data(data(quality=quality))
    assert not checked.go
    (line,) = [line for line in lines(checked, "Data") if line.what == "growth"]
    assert line.level == "error"
    assert line.message == (
        "nobody has a value that counts: 1,253 values are not a number: they count as missing (accounts.x). Score "
        "its words with a lookup, or name another field"
    )
    partly = [{**quality[1], "criterion": "pipeline"}]
    assert of_data(data(quality=partly)).go


def test_criteria_that_tell_nobody_apart_are_warned_of() -> None:
    members = data().accounts.filter(pl.col("member"))
    found = lines(of_data(data(accounts=pl.concat([members] * 20))), "Data")
    told = [line.message for line in found if (line.level, line.what) == ("warning", "pipeline")]
    assert [message.split(":")[0] for message in told] == [
        "40 of 40 values of Open pipeline lie beyond zero = 1,000 and full = 500,000",
        "40 accounts score alike on Open pipeline",
    ]


def test_what_is_set_by_hand_without_effect_is_named() -> None:
    wrong = [Ignored(f"00{number}", "segment", "x", "Zone__c", "is no zone") for number in range(7)]
    ended = [Ignored("009", "segment", "protect", "Zone__c", "it ended", ended=True)]
    found = [
        line for line in lines(of_data(data(ignored=[*ended, *wrong])), "Data") if line.what == "override"
    ]
    assert found[0] == Line("warning", "override", "segment of 000 (Zone__c) has no effect: is no zone")
    assert [line.level for line in found] == ["warning"] * 5 + ["note"]


def test_an_empty_portfolio_is_no_go() -> None:
    nobody = data().accounts.with_columns(member=pl.lit(value=False))
    checked = of_data(data(accounts=nobody))
    assert not checked.go
    assert lines(checked, "Data") == [
        Line("error", "portfolio", "no account meets the rule, of 4 read; correct [portfolio]")
    ]


@pytest.mark.parametrize(
    ("usage", "level", "told"),
    [
        (Usage(100, 1000), "ok", "3.0% of the daily 1,000; 100 are used"),
        (Usage(None, None), "ok", "about 30 API calls (at least 20)"),
        (Usage(490, 1000), "warning", "today a run would stop at 500 (max_quota_share)"),
        (Usage(0, 50), "warning", "a run stops at 25 (max_quota_share) and the next one continues"),
    ],
)
def test_api_calls_against_the_quota(usage: Usage, level: str, told: str) -> None:
    [line] = lines(of_data(data(usage=usage)), "API calls")
    assert line.level == level
    assert told in line.message


def test_the_crm_is_told_what_the_mapping_needs() -> None:
    made = crm()
    check(made, mapping_of(), MINIMAL.name)
    assert made.needs is not None
    assert set(made.needs.reads) == needed_objects(mapping_of())
    assert "Amount" in made.needs.reads["opportunities"]
    assert made.needs.targets["KPM_Segment__c"] == ("protect", "develop", "maintain", "retreat", "unrated")
    assert made.needs.targets["KPM_Why__c"] == ()
    assert {"KPM_Segment__c", "KPM_Segment_Badge__c"} <= set(made.needs.creates)


def test_the_crm_is_told_what_people_fill_in_and_what_they_set_by_exception() -> None:
    more = """[[criteria]]
id = "demand"
dimension = "potential"
label = "Demand"
source = { field = "KPM_Demand__c" }
scale = { kind = "rating", worst = 1, best = 5 }

[override]
segment = "KPM_Override__c"
owner = "OwnerId"
reason = "KPM_Why_Not__c"

[write]"""
    needs = needs_of(mapping_of(("[accounts]", '[accounts]\nowner = "OwnerId"'), ("[write]", more)))
    assert needs.inputs == ["KPM_Demand__c"]
    assert needs.exceptions == ["KPM_Override__c", "KPM_Why_Not__c"]


def test_an_hour_that_the_clocks_skip_is_warned_of() -> None:
    checked = check(crm(), mapping_of(), MINIMAL.name)
    assert with_schedule(checked, Schedule()) == checked
    (line,) = lines(with_schedule(checked, Schedule(cron="15 2 * * *")), "Schedule")
    assert (line.level, line.what) == ("warning", "cron")
    assert line.message.startswith('"15 2 * * *" in Europe/Vienna: on ')
    assert "the clocks skip 02:15, and on " in line.message
    assert "the clocks show 02:15 twice, so that night's run may be left out or come" in line.message


def test_what_a_person_sees_is_a_group_of_its_own() -> None:
    made, mapping = crm(), mapping_of()
    checked = check(made, mapping, MINIMAL.name)
    members = pl.DataFrame({"id": [f"{number:05}" for number in range(1_000)], "member": [True, False] * 500})
    (line,) = lines(
        visible_to(checked, made, mapping, "rep@example.com", members), "What rep@example.com sees"
    )
    assert line.message == "rep@example.com sees 4 fields and 200 accounts"
    (line,) = lines(visible_to(checked, made, mapping, "rep@example.com", None), "What rep@example.com sees")
    assert line.message == "rep@example.com sees 4 fields and 0 accounts"


def test_without_data_the_files_are_read(tmp_path: Path) -> None:
    criterion = """[[criteria]]
id = "bought"
dimension = "potential"
label = "Volume"
source = { csv = "erp.csv", key = "Name", column = "volume" }
scale = { kind = "linear", zero = 0, full = 100 }

[write]"""
    text = MINIMAL.read_text(encoding="utf-8").replace("[write]", criterion, 1)
    (tmp_path / "erp.csv").write_text("Name,volume\nA,1\nB,2\nA,3\n", encoding="utf-8")
    mapping, _ = parse(text, "mine.toml", folder=tmp_path)
    checked = check(crm(), mapping, "mine.toml")
    assert [(line.level, line.message) for line in lines(with_files(checked, mapping), "CSV files")] == [
        ("ok", "erp.csv: 2 rows by Name"),
        ("warning", "erp.csv: these stand twice and tell nothing: A (lines 2 and 4)"),
    ]
    (tmp_path / "erp.csv").write_text('Name,volume\nA,"1,5"\n', encoding="utf-8")
    with pytest.raises(MappingError, match=r"erp\.csv: line 2: "):
        with_files(checked, mapping)
