"""Fields in Salesforce's words."""

from __future__ import annotations

from adapters.salesforce.metadata import custom_field, extended, lacking
from connector.crm import FieldSpec, FieldType, Option
from tests.unit.adapters.salesforce.test_provision import BADGE


def test_a_badge_is_a_formula_with_an_image_and_its_label() -> None:
    metadata = custom_field(BADGE)
    assert metadata["formula"] == (
        'IMAGE(CASE(TEXT(KPM_Segment__c), "protect", "/img/samples/flag_green.gif", "retreat", '
        '"/img/samples/rating3.gif", "/s.gif"), CASE(TEXT(KPM_Segment__c), "protect", "Key \\"account\\"", '
        '"retreat", "Efficient care", ""), 16, 16)'
    )
    assert metadata["type"] == "Text"
    assert "length" not in metadata


def test_a_text_is_as_long_as_it_must_be() -> None:
    assert custom_field(FieldSpec("A__c", "A", FieldType.TEXT))["length"] == 255
    long = custom_field(FieldSpec("A__c", "A", FieldType.TEXT, length=256))
    assert (long["type"], long["length"], long["visibleLines"]) == ("LongTextArea", 256, 3)


def test_a_checkbox_says_nothing_of_being_required() -> None:
    metadata = custom_field(FieldSpec("A__c", "A", FieldType.BOOLEAN))
    assert metadata["defaultValue"] == "false"
    assert "required" not in metadata


def test_values_are_added_in_the_spelling_of_those_that_are_there() -> None:
    spec = FieldSpec(
        "A__c",
        "A",
        FieldType.PICKLIST,
        options=(Option("a", "A"), Option("b", "B"), Option("c", "C", active=False)),
    )
    held = [{"valueName": "A", "label": "Mine", "isActive": None}]
    more = lacking(spec, held)
    assert [option.value for option in more] == ["b", "c"]
    assert extended(held, more) == [
        {"valueName": "A", "label": "Mine", "isActive": None},
        {"valueName": "b", "label": "B", "default": False},
        {"valueName": "c", "label": "C", "default": False, "isActive": False},
    ]
