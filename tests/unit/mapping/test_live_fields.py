"""Fields that a mapping reads, against what the CRM describes."""

# ruff: noqa: E501 - messages stand whole, as people read them

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from connector.crm import CrmField, Currencies, FieldType, Object, Option
from connector.errors import CrmRequestError, MappingError, Severity
from connector.mapping import parse, read
from connector.mapping.live import demand, demand_of_accounts, live
from connector.mapping.model import SEGMENTS
from tests.unit.mapping.described import GOOD, Described, described, fields, options, told

SIZE = 'source    = { field = "NumberOfEmployees" }'


def test_a_mapping_that_fits() -> None:
    assert told() == []


def test_a_misspelt_field() -> None:
    assert told(None, (SIZE, SIZE.replace("Employees", "Employes"))) == [
        (
            "error: criteria[size].source.field: there is no field NumberOfEmployes on accounts, or sync@example.com may "
            "not see it; did you mean NumberOfEmployees?"
        )
    ]


def test_another_case_is_another_name() -> None:
    [problem] = told(None, (SIZE, SIZE.replace("NumberOf", "numberof")))
    assert problem.endswith("did you mean NumberOfEmployees?")


def test_a_label_in_place_of_a_name() -> None:
    assert told(None, (SIZE, SIZE.replace("NumberOfEmployees", "employees"))) == [
        'error: criteria[size].source.field: "employees" is a label; write the API name: NumberOfEmployees'
    ]


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("employees", "did you mean NumberOfEmployees?"),
        ("Billing Citty", "did you mean BillingCity?"),
        ("Xyzzy", "`kpm fields accounts` lists what there is"),
    ],
)
def test_a_files_key_that_is_no_field(column: str, hint: str) -> None:
    source = f'source = {{ csv = "erp.csv", key = "{column}", column = "size" }}'
    assert told(None, (SIZE, source)) == [
        f'error: criteria[size].source.key_field: is needed: it names the account\'s field that holds what the file has in its column "{column}", as no field is called like the column; {hint}'
    ]
    [problem] = told(None, (SIZE, source.replace('column = "size"', 'column = "size", key_field = "Nmae"')))
    assert problem.startswith("error: criteria[size].source.key_field: there is no field Nmae on accounts")


def test_nearly_a_label() -> None:
    [problem] = told(None, ('close_date  = "CloseDate"', 'close_date  = "Probability (percent)"'))
    assert problem.endswith("did you mean Probability?")


def test_a_name_like_no_other() -> None:
    [problem] = told(None, ('amount      = "Amount"', 'amount      = "Xyzzy"'))
    assert problem.endswith(
        "on opportunities, or sync@example.com may not see it; `kpm fields opportunities` lists what there is."
    )


def test_a_compound_field_names_its_parts() -> None:
    assert told(None, ('name  = "Name"', 'name  = "BillingAddress"')) == [
        "error: accounts.name: BillingAddress is a compound field; take one of its parts, such as BillingCity"
    ]


def test_a_dotted_field_is_asked_of_the_parent() -> None:
    crm = described()
    dotted = ('field = "Type", in = ["Customer"]', 'field = "RecordType.DeveloperName", in = ["Customer"]')
    [problem] = told(crm, dotted)
    assert problem.startswith(
        "error: portfolio.any[1]: there is no field RecordType.DeveloperName on accounts"
    )
    crm.parents["RecordType.DeveloperName"] = CrmField("RecordType.DeveloperName", "Name", FieldType.TEXT, 80)
    assert told(crm, dotted) == []


@pytest.mark.parametrize(
    ("kind", "told_of"),
    [
        (FieldType.NUMBER, None),
        (FieldType.PERCENT, None),
        (FieldType.DATE, None),
        (
            FieldType.TEXT,
            "warning: {}: NumberOfEmployees holds text; what in it is not a number or a date counts as missing: score its words with a lookup, or name a number field",
        ),
        (
            FieldType.BOOLEAN,
            "error: {}: NumberOfEmployees holds boolean, but a number or a date is needed; score it with boolean",
        ),
        (
            FieldType.MULTI_PICKLIST,
            (
                "error: {}: NumberOfEmployees holds multi-select picklist, but a number or a date is needed; "
                "score it with lookup"
            ),
        ),
    ],
)
def test_a_scale_of_numbers_needs_numbers(kind: FieldType, told_of: str | None) -> None:
    crm = described()
    crm.objects["accounts"]["NumberOfEmployees"] = CrmField("NumberOfEmployees", "Employees", kind)
    expected = [] if told_of is None else [told_of.format("criteria[size].source.field")]
    assert told(crm) == expected


def test_a_lookup_over_numbers() -> None:
    [problem] = told(None, ('field = "Strategy__c"', 'field = "NumberOfEmployees"'))
    assert problem == (
        "error: criteria[strategy].source.field: NumberOfEmployees holds number, but values to look up is needed; "
        "score numbers with bands"
    )


def test_a_rating_with_words_in_it() -> None:
    crm = described()
    demand = crm.objects["accounts"]["Demand__c"]
    crm.objects["accounts"]["Demand__c"] = replace(demand, options=options("1", "5", "high"))
    assert told(crm) == [
        'warning: criteria[demand].source.field: Demand__c has values that are no numbers and count as missing: "high"'
    ]


def test_a_rating_whose_best_is_no_value() -> None:
    crm = described()
    demand = crm.objects["accounts"]["Demand__c"]
    crm.objects["accounts"]["Demand__c"] = replace(demand, options=options("1", "2", "3"))
    assert told(crm) == [
        (
            "warning: criteria[demand].scale.best: 5 is no value of Demand__c, whose numbers run from 1 to 3: "
            "nobody is ever rated so"
        )
    ]


def test_anchors_that_people_do_not_see() -> None:
    crm = described()
    demand = crm.objects["accounts"]["Demand__c"]
    seen = tuple(Option(str(n), f"{n} - {'none' if n == 1 else 'some'}") for n in range(1, 6))
    crm.objects["accounts"]["Demand__c"] = replace(demand, options=seen)
    rated = 'scale     = { kind = "rating", worst = 1, best = 5 }'
    anchored = (rated, rated + '\nanchors = { 1 = "None", 5 = "large projects" }')
    assert told(crm, anchored) == [
        (
            'warning: criteria[demand].anchors: say "large projects" for 5, but people see "5 - some" when they fill in '
            "Demand__c; write here what they see, or change the option's label in the CRM"
        )
    ]


def test_a_field_of_another_object() -> None:
    [problem] = told(None, ('field = "Strategy__c"', 'field = "StageName"'))
    assert problem.endswith("StageName is a field of opportunities.")


def test_a_rating_of_words_alone() -> None:
    crm = described()
    demand = crm.objects["accounts"]["Demand__c"]
    crm.objects["accounts"]["Demand__c"] = replace(demand, options=options("low", "high"))
    assert told(crm) == [
        'error: criteria[demand].source.field: no value of Demand__c is a number, so all count as missing: "low", "high"; score its words with a lookup, or name a number field'
    ]


def test_a_scale_of_numbers_over_the_options_of_a_picklist() -> None:
    crm = described()
    size = CrmField("NumberOfEmployees", "Employees", FieldType.PICKLIST, options=options("small", "large"))
    crm.objects["accounts"]["NumberOfEmployees"] = size
    [problem] = told(crm)
    assert problem.startswith("error: criteria[size].source.field: no value of NumberOfEmployees is a number")
    crm.objects["accounts"]["NumberOfEmployees"] = replace(size, options=options("10", "50"))
    assert told(crm) == []
    crm.objects["accounts"]["NumberOfEmployees"] = replace(size, options=options("10", "many"))
    [problem] = told(crm)
    assert problem.startswith("warning: criteria[size].source.field: NumberOfEmployees has values")


def test_a_rating_in_a_field_of_another_kind() -> None:
    crm = described()
    crm.objects["accounts"]["Demand__c"] = CrmField("Demand__c", "Demand", FieldType.MULTI_PICKLIST)
    assert told(crm) == [
        "error: criteria[demand].source.field: Demand__c holds multi-select picklist, but a rating is needed; score it with lookup"
    ]


def test_a_boolean_scale_needs_yes_or_no() -> None:
    scale = 'scale     = { kind = "linear", zero = 10, full = 5_000 }'
    [problem] = told(
        None, (SIZE, SIZE.replace("NumberOfEmployees", "Type")), (scale, 'scale = { kind = "boolean" }')
    )
    assert problem.startswith(
        "error: criteria[size].source.field: Type holds picklist, but yes or no is needed; score it"
    )


def test_dates_amounts_and_references() -> None:
    problems = told(
        None,
        ('close_date  = "CloseDate"', 'close_date  = "Amount"'),
        ('amount      = "Amount"', 'amount      = "CloseDate"'),
        ('account     = "AccountId"', 'account     = "Probability"'),
    )
    assert problems == [
        "error: opportunities.account: Probability holds percent, but another record is needed",
        "error: opportunities.amount: CloseDate holds date, but an amount is needed",
        "error: opportunities.close_date: Amount holds currency, but a date is needed",
    ]


# --- values ----------------------------------------------------------------------------------------------


def test_comparisons_that_may_hold() -> None:
    condition = """{ field = "Type", in = ["Customer"] },
      { field = "NumberOfEmployees", above = 5.5 }, { field = "NumberOfEmployees", in = ["7", "x"] },
      { field = "Rated_At__c", above = "2026-01-31" }, { field = "OwnerId", is_set = true }, { field = "Flag", equals = false }"""
    crm = described()
    crm.objects["accounts"]["Flag"] = CrmField("Flag", "Flag", FieldType.BOOLEAN)
    assert told(crm, ('{ field = "Type", in = ["Customer"] }', condition)) == [
        'warning: portfolio.any[3]: NumberOfEmployees holds number, which is never compared with "x"'
    ]


def test_values_that_a_picklist_does_not_have() -> None:
    problems = told(None, ('in = ["Customer"]', 'in = ["Custommer", "Customer (label)", " CUSTOMER "]'))
    assert problems == [
        'error: portfolio.any[1]: "Customer (label)" is a label of Type; the stored value is "Customer"',
        'warning: portfolio.any[1]: "Custommer" is no value of Type; did you mean "Customer"? Known: "Customer", "Prospect"',
    ]


def test_scores_for_values_that_do_not_exist() -> None:
    [problem] = told(None, ('"Clear" = 100', '"Clean" = 100'))
    assert problem.startswith(
        'warning: criteria[strategy].scale.scores: "Clean" is no value of Strategy__c; did you mean "Clear"?'
    )


def test_scores_for_labels() -> None:
    assert told(None, ('"Clear" = 100', '"clear (LABEL)" = 100')) == [
        'error: criteria[strategy].scale.scores: "clear (LABEL)" is a label of Strategy__c; the stored value is "Clear"'
    ]


def test_a_label_that_two_options_share() -> None:
    crm = described()
    twins = (Option("Clear", "Clear"), Option("c1", "Plain"), Option("c2", "Plain"), Option("None", "None"))
    strategy = crm.objects["accounts"]["Strategy__c"]
    crm.objects["accounts"]["Strategy__c"] = replace(strategy, options=twins)
    [problem] = told(crm, ('"Clear" = 100', '"Clear" = 100, "Plain" = 50'))
    assert problem.endswith('the stored value is "c1" or "c2"')


def test_a_label_that_is_a_stored_value_as_well_is_right() -> None:
    crm = described()
    swapped = (Option("Clear", "None"), Option("None", "Clear"))
    strategy = crm.objects["accounts"]["Strategy__c"]
    crm.objects["accounts"]["Strategy__c"] = replace(strategy, options=swapped)
    assert told(crm) == []


def test_a_lookup_of_which_no_key_exists_scores_nobody() -> None:
    crm = described()
    strategy = crm.objects["accounts"]["Strategy__c"]
    crm.objects["accounts"]["Strategy__c"] = replace(strategy, options=options("a", "b"))
    assert told(crm) == [
        'error: criteria[strategy].scale.scores: none of its keys is a value of Strategy__c, so it scores nobody: "Clear", "None". Known: "a", "b"'
    ]


def test_a_field_that_does_not_offer_the_zones_cannot_set_them() -> None:
    crm = described()
    zones = (
        Option("protect", "Key"),
        Option("x1", "develop"),
        Option("maintain", "M"),
        Option("retreat", "R"),
    )
    crm.objects["accounts"]["Own__c"] = CrmField("Own__c", "Own", FieldType.PICKLIST, options=zones)
    override = ("[campaigns]", '[override]\nsegment = "Own__c"\n\n[campaigns]')
    assert told(crm, override) == [
        'warning: override.segment: Own__c does not offer "develop", "unrated", by which zones are set; add options with these values, or name a new field: `kpm provision` creates it'
    ]
    all_of_them = tuple(Option(zone.upper(), zone) for zone in SEGMENTS)
    crm.objects["accounts"]["Own__c"] = CrmField("Own__c", "Own", FieldType.PICKLIST, options=all_of_them)
    assert told(crm, override) == []


def test_what_was_read_before_is_compared_like_the_crm() -> None:
    mapping, _ = parse(GOOD.read_text().replace('"Clear" = 100', '"Clear (label)" = 100'), "m.toml")
    known = described().objects["accounts"]
    with pytest.raises(MappingError, match=r'scale\.scores: .* the stored value is "Clear"'):
        demand_of_accounts(mapping, known, "m.toml")
    assert demand_of_accounts(mapping, {}, "m.toml") == []


def test_comparisons_that_never_hold() -> None:
    problems = told(
        None,
        (
            '{ field = "Type", in = ["Customer"] }',
            '{ field = "NumberOfEmployees", equals = true }, { field = "Name", equals = 5 }',
        ),
        (
            'probability = "Probability"',
            'probability = "Probability"\nwhere = [ { field = "CloseDate", above = 2020 } ]',
        ),
    )
    assert problems == [
        "warning: portfolio.any[1]: NumberOfEmployees holds number, which is never compared with true",
        "warning: opportunities.where[1]: CloseDate holds date, which is never compared with 2020",
    ]


# --- what people fill in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("absent", "word"), [(Severity.NOTE, "note"), (Severity.ERROR, "error")])
def test_an_input_that_provision_can_create(absent: Severity, word: str) -> None:
    crm = described()
    del crm.objects["accounts"]["Demand__c"]
    assert told(crm, absent=absent) == [
        f"{word}: criteria[demand].source.field: Demand__c is not there yet: `kpm provision` creates it for people to fill in"
    ]


def test_an_input_that_is_probably_misspelt() -> None:
    [problem] = told(None, ('field = "Strategy__c"', 'field = "Stratgy__c"'))
    assert problem == (
        "warning: criteria[strategy].source.field: Stratgy__c is not there; did you mean Strategy__c? If it "
        "is to be made on accounts, `kpm provision` creates it"
    )
    assert told(None, ('field = "Strategy__c"', 'field = "Stratgy__c"'), absent=Severity.ERROR)[0].startswith(
        "error: "
    )


def test_a_standard_field_is_not_created() -> None:
    [problem] = told(None, ('field = "Strategy__c"', 'field = "Industri"'))
    assert problem.startswith(
        "error: criteria[strategy].source.field: there is no field Industri on accounts"
    )


# --- objects, roles, stages, currencies ------------------------------------------------------------------


def test_a_missing_object_concerns_the_criteria_that_need_it() -> None:
    crm = described()
    del crm.objects["OpportunityContactRole"], crm.objects["cases"]
    assert told(crm) == [
        (
            "warning: criteria[access].source.from: needs [contact_roles], so no account has a value here. "
            "There is no OpportunityContactRole."
        ),
        "note: cases: is not used by any criterion, and cannot be read. There is no cases.",
    ]


def test_a_missing_base_of_an_error_rate() -> None:
    win_rate = 'source    = { from = "opportunities", measure = "win_rate", months = 24 }'
    where = 'where = [ { field = "CreatedDate", is_set = true } ]'
    errors = f'source = {{ from = "cases", measure = "error_rate", months = 12, per = "orders", {where} }}'
    section = '[orders]\naccount = "AccountId"\ndate = "EffectiveDate"\n\n[cases]'
    [problem] = told(None, (win_rate, errors), ("[cases]", section))
    assert problem.startswith(
        "warning: criteria[trust].source.per: needs [orders], so no account has a value here."
    )


def test_the_last_activity_is_a_field_of_the_contact() -> None:
    crm = described()
    roles = (
        'objects = ["OpportunityContactRole"]',
        'objects = ["OpportunityContactRole"]\nlast_activity = "Seen__c"',
    )
    [problem] = told(crm, roles)
    assert problem.startswith(
        "error: contact_roles.last_activity: there is no field Seen__c on contact_roles"
    )
    crm.parents["Contact.Seen__c"] = CrmField("Contact.Seen__c", "Seen", FieldType.DATE)
    assert told(crm, roles) == []


def test_roles_of_an_unknown_kind_are_not_judged() -> None:
    crm = described()
    crm.objects["OpportunityContactRole"] = {}
    assert told(crm, ('required = ["Buyer"]', 'required = ["Anybody"]')) == []


def test_other_failures_of_the_crm_are_not_swallowed() -> None:
    class Broken(Described):
        def describe(self, object: str, source: str | None = None) -> dict[str, CrmField]:
            raise CrmRequestError(
                f"No {source or object}.", crm=self.name, operation="describe", code="MALFORMED"
            )

    with pytest.raises(CrmRequestError, match="No accounts"):
        told(Broken({}))


def test_a_role_that_nobody_can_have() -> None:
    assert told(None, ('required = ["Buyer"]', 'required = [["Bayer", "evaluator"]]')) == [
        (
            'warning: criteria[access].source.required[1]: "Bayer" is no role in the CRM; did you mean "Buyer"? '
            'Known: "Buyer", "Evaluator"'
        )
    ]


def test_a_role_by_its_label_or_with_blanks() -> None:
    crm = described()
    roles = (Option("DECISION_MAKER", "Decision maker"), Option("Buyer", "Buyer"))
    crm.objects["OpportunityContactRole"] = fields(
        CrmField("Role", "Role", FieldType.PICKLIST, options=roles)
    )
    required = 'required = ["decision Maker", "decision-maker", "Decision_Maker", "Buyer"]'
    assert told(crm, ('required = ["Buyer"]', required)) == [
        'error: criteria[access].source.required[1]: "decision Maker" is a label; the stored value is "DECISION_MAKER"',
        'error: criteria[access].source.required[2]: "decision-maker" is no role in the CRM; the stored value is "DECISION_MAKER"',
    ]


def test_every_object_has_roles_of_its_own() -> None:
    crm = described()
    other = CrmField("Role", "Role", FieldType.PICKLIST, options=(Option("Evaluator (label)", "Judge"),))
    crm.objects["AccountContactRole"] = fields(other)
    both = 'objects = ["OpportunityContactRole", "AccountContactRole"]'
    changes = (
        ('objects = ["OpportunityContactRole"]', both),
        ('required = ["Buyer"]', 'required = ["Evaluator (label)"]'),
    )
    assert told(crm, *changes) == []


def test_stages_by_their_labels() -> None:
    crm = described()
    stage = CrmField("StageName", "Stage", FieldType.PICKLIST, options=(Option("Proposal", "Offer"),))
    crm.objects["opportunities"]["StageName"] = stage
    assert told(crm, ('probability = "Probability"', 'probability = { "offer" = 60 }')) == [
        'error: opportunities.probability.offer: "offer" is a label; the stored value is "Proposal"'
    ]


def test_stages_of_a_probability_table() -> None:
    table = 'probability = { "Proposel" = 60, "closed won" = 100 }'
    assert told(None, ('probability = "Probability"', table)) == [
        (
            'warning: opportunities.probability.Proposel: "Proposel" is no stage; did you mean "Proposal"? '
            'Known: "Proposal", "Closed Won"'
        )
    ]


def test_a_currency_without_a_rate() -> None:
    crm = described()
    assert told(crm, ('currency = "EUR"', 'currency = "CHF"')) == []
    assert told(crm, ('currency = "EUR"', 'currency = "USD"')) == [
        "error: currency: neither the CRM nor [rates] has a rate for USD; known: CHF, EUR"
    ]
    crm.money = Currencies("USD")
    assert told(crm, ('currency = "EUR"', 'currency = "USD"')) == []


# --- what a sync demands ---------------------------------------------------------------------------------


def test_a_sync_demands_what_a_plan_can_do_without() -> None:
    crm = described()
    del crm.objects["accounts"]["Zone__c"]
    mapping = read(GOOD)[0]
    [problem] = demand(mapping, crm, "m.toml", provisioned=False)
    assert problem.severity is Severity.NOTE
    with pytest.raises(MappingError, match=r"m\.toml: write\.segment: Zone__c is not there"):
        demand(mapping, crm, "m.toml", provisioned=True)


# --- HubSpot ---------------------------------------------------------------------------------------------

HUBSPOT = """
version = 1
crm = "hubspot"
currency = "EUR"
[accounts]
name = "name"
[opportunities]
account = "primary_company"
amount = "amount"
close_date = "closedate"
stage = "dealstage"
pipelines = ["defualt"]
[contact_roles]
property = "hs_buying_rol"
last_activity = "notes_last_contacted"
[[criteria]]
id = "access"
dimension = "potential"
label = "Access"
source = { from = "contact_roles", measure = "role_coverage", required = ["BUYER"] }
scale = { kind = "linear", zero = 0, full = 1 }
[[criteria]]
id = "chemistry"
dimension = "attractiveness"
label = "Chemistry"
source = { field = "kpm_chemistry" }
scale = { kind = "rating", worst = 1, best = 5 }
[write]
segment = "Kpm_Segment"
"""


def test_pipelines_that_exist() -> None:
    mapping = HUBSPOT.replace("defualt", "default")
    problems = told(
        Described(
            {"accounts": {}, "opportunities": {}, "contact_roles": {}}, "hubspot", pipelines={"default": ()}
        ),
        base=mapping,
    )
    assert not any("pipelines" in problem for problem in problems)


def test_hubspot() -> None:
    text, moment = FieldType.TEXT, FieldType.DATETIME
    crm = Described(
        {
            "accounts": fields(CrmField("name", "Company name", text)),
            "opportunities": fields(
                CrmField("amount", "Amount", FieldType.NUMBER),
                CrmField("closedate", "Close date", moment),
                CrmField("dealstage", "Stage", FieldType.PICKLIST),
                CrmField("pipeline", "Pipeline", FieldType.PICKLIST, options=(Option("default", "Sales"),)),
            ),
            "contact_roles": fields(
                CrmField("hs_buying_role", "Buying role", FieldType.MULTI_PICKLIST),
                CrmField("notes_last_contacted", "Last contacted", moment),
            ),
        },
        name="hubspot",
        pipelines={"default": ("won",)},
    )
    labelled = told(crm, base=HUBSPOT.replace("defualt", "sales"))
    assert 'error: opportunities.pipelines[1]: "sales" is a label; the stored value is "default"' in labelled
    assert told(crm, base=HUBSPOT) == [
        (
            "error: contact_roles.property: there is no field hs_buying_rol on contact_roles, or sync@example.com may not see "
            "it; did you mean hs_buying_role?"
        ),
        'error: opportunities.pipelines[1]: "defualt" is no pipeline; did you mean "default"? Known: "default"',
        (
            "error: write.segment: Kpm_Segment is not there, or sync@example.com may not see it, and `kpm provision` "
            "cannot create it: names of properties are small letters, digits and underscores, a letter first"
        ),
        (
            "note: criteria[chemistry].source.field: kpm_chemistry is not there yet: `kpm provision` creates it for people to "
            "fill in"
        ),
    ]


def test_hubspot_takes_options_that_it_hides_and_lets_nobody_write_what_is_read_only() -> None:
    hidden = tuple(Option(zone, zone, active=False) for zone in SEGMENTS)
    crm = Described(
        {
            "accounts": fields(
                CrmField("zone", "Zone", FieldType.PICKLIST, options=hidden, restricted=True),
                CrmField("hs_object_id", "Record ID", FieldType.REFERENCE, writable=False, standard=True),
            ),
            "opportunities": {},
            "contact_roles": {},
        },
        "hubspot",
    )
    problems = told(crm, base=HUBSPOT.replace('"Kpm_Segment"', '"zone"\nwhy = "hs_object_id"'))
    assert [one for one in problems if "write" in one] == [
        "error: write.why: hs_object_id is read-only in HubSpot, whoever asks; name a field of your own such as kpm_why, which `kpm provision` creates"
    ]


def test_a_sync_asks_nothing_that_it_does_not_need() -> None:
    """No describe of a section that no criterion reads, and nobody's name unless a message needs it."""
    asked: list[str] = []

    class Watched(Described):
        def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
            asked.append(source or object)
            return super().describe(object, source)

        def user(self) -> str:
            asked.append("user")
            return super().user()

    mapping, _ = parse(GOOD.read_text(), "m.toml")  # it has [cases], and no criterion that reads them
    crm = Watched(described().objects)
    assert demand(mapping, crm, "m.toml", provisioned=False) == []
    assert "cases" not in asked
    assert "user" not in asked
    live(crm, mapping, "m.toml", absent=Severity.NOTE)
    assert "cases" in asked
