"""Bad mappings are fixture files named after their fault; their first lines say what a person must be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import ExitCode, MappingError, Problem
from connector.mapping import load, parse, read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mappings"
BAD = sorted((FIXTURES / "bad").glob("*.toml"))


def told(file: Path) -> list[Problem]:
    try:
        return list(read(file)[1])
    except MappingError as error:
        return list(error.problems)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_fault_is_told_with_its_place_and_remedy(file: Path) -> None:
    expected = [line.removeprefix("#! ") for line in file.read_text().splitlines() if line.startswith("#! ")]
    problems = told(file)
    assert [
        f"{one.severity}: {one.path}{': ' if one.path else ''}{one.message}" for one in problems
    ] == expected
    assert {problem.file for problem in problems} == {file.name}


def test_there_are_bad_mappings() -> None:
    assert len(BAD) > 70


def test_the_mapping_that_they_are_made_from_is_good() -> None:
    assert read(FIXTURES / "good.toml") == (load(FIXTURES / "good.toml"), [])


def test_the_error_lists_every_problem_and_ends_with_the_code_for_configuration() -> None:
    with pytest.raises(MappingError) as caught:
        read(FIXTURES / "bad" / "several_faults_at_once.toml")
    assert caught.value.exit_code is ExitCode.CONFIGURATION
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert len(caught.value.problems) == 3


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"nowhere\.toml: is not at .*nowhere\.toml; .*kpm init"):
        read(tmp_path / "nowhere.toml")


def test_a_folder_is_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        read(tmp_path)


def test_text_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes('language = "de" # für alle'.encode("latin-1"))
    with pytest.raises(MappingError, match=r"is not UTF-8 text \(byte 20\)"):
        read(file)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    file.write_bytes(b"\xef\xbb\xbf" + (FIXTURES / "good.toml").read_bytes())
    assert read(file)[0].model_dump() == read(FIXTURES / "good.toml")[0].model_dump()


def test_a_mapping_for_the_other_crm_is_refused() -> None:
    text = (FIXTURES / "good.toml").read_text()
    assert parse(text, "good.toml", "salesforce")[1] == []
    with pytest.raises(
        MappingError, match=r'good\.toml: crm: is a mapping for "salesforce", but the connection is to'
    ):
        parse(text, "good.toml", "hubspot")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "version: is required"),
        ("criteria = 3", "criteria: must be a list in square brackets, not 3"),
        ("criteria = [3]", r"criteria\[1\]: must be a table such as \{ key = value \}, not 3"),
        ("criteria = []", "criteria: must not be empty"),
        ("criteria = [{ source = 5 }]", r"criteria\[1\]\.source: must be a table .*, not 5"),
        (
            'write = { criteria = { "No Id" = "X__c" } }',
            "write.criteria.No Id: must be the id of a criterion",
        ),
        ("[[criteria]]\nanchors = { first = 'x' }", "anchors.first: must be a step of the rating"),
        ("[campaigns]\nmin_members = 2.5", "campaigns.min_members: must be a whole number, not 2.5"),
        (
            "[portfolio]\nall = [{ field = 'A', is_set = 'perhaps' }]",
            r"is_set: must be true or false, not \"perhaps\"",
        ),
        ("[matrix]\nmin_coverage = 50", "matrix.min_coverage: must be at most 1, not 50"),
        (
            "[wallet]\nsources = ['activity']\nachievable_share = 0",
            "achievable_share: must be above 0, not 0",
        ),
        ("[rates]\neuro = 1", "rates.euro: must be a currency's three letters"),
    ],
)
def test_other_shapes(text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse(text, "m.toml")


@pytest.mark.parametrize(
    ("given", "code"), [("Deutsch", "de"), ("de-AT", "de"), ("en_US", "en"), ("English", "en")]
)
def test_a_language_by_its_name_or_with_a_country_is_understood(given: str, code: str) -> None:
    text = (FIXTURES / "good.toml").read_text("utf-8").replace('language = "en"', f'language = "{given}"')
    with pytest.raises(MappingError, match=f'language: "{given}" is not known; did you mean "{code}"'):
        parse(text, "x.toml")


def test_an_unknown_language_has_no_likely_one() -> None:
    text = (FIXTURES / "good.toml").read_text("utf-8").replace('language = "en"', 'language = "Français"')
    with pytest.raises(MappingError, match=r'"Français" is not known\. Known: "en", "de"'):
        parse(text, "x.toml")
