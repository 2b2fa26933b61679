"""Puts a generated portfolio into the portal's tables, column by column."""

from __future__ import annotations

from typing import Final

import polars as pl

from adapters.sandbox.database import Database
from adapters.sandbox.hubspot.load.columns import (
    DEAL_TYPES,
    FIRST_OWNER,
    OWNER_STEP,
    PARTNER_PIPELINE,
    PARTNER_STAGES,
    STAGES,
    TICKET_CATEGORIES,
    TICKET_STAGES,
    links_to_accounts,
    moment,
    number,
    owner,
    record_id,
)
from adapters.sandbox.hubspot.store.definitions import BUYING_ROLES, INDUSTRIES
from adapters.sandbox.hubspot.store.links import LINK_TYPES
from adapters.sandbox.hubspot.store.portal import HOME_CURRENCY, PIPELINES, Portal, Rate, exact
from adapters.sandbox.hubspot.store.records import (
    ARCHIVED,
    ARCHIVED_AT,
    GONE,
    LIVE,
    MERGED,
    MERGED_INTO,
    STATE,
)
from adapters.sandbox.hubspot.store.schema import object_type
from adapters.sandbox.portfolio import Portfolio

_STATES: Final = {"live": LIVE, "archived": ARCHIVED, "deleted": GONE, "merged": MERGED}

# Every so many deals: no company; one that is not the primary one; a second company beside the primary one.
NO_COMPANY: Final = 331
NO_PRIMARY: Final = 397
TWO_COMPANIES: Final = 41


class Loader:
    """Loads portfolios chunk by chunk."""

    def __init__(self, database: Database, portal: Portal, *, ratings: bool) -> None:
        """Fill `database` and `portal`; `ratings`: the rating properties exist."""
        self._database = database
        self._portal = portal
        self._ratings = ratings
        self._rates = pl.DataFrame()

    def load(self, portfolio: Portfolio) -> None:
        """Add one chunk."""
        if portfolio.users.height:
            self._settings(portfolio)
        deals = self._deals(portfolio)
        with self._database.writing():
            self._companies(portfolio, deals)
            self._store("deals", deals.drop("account_key", "home"))
            self._contacts(portfolio)
            self._tickets(portfolio)
            self._orders(portfolio)
            self._activities(portfolio)

    def _settings(self, portfolio: Portfolio) -> None:
        for user in portfolio.users.iter_rows(named=True):
            owner_id = str(FIRST_OWNER + user["key"] * OWNER_STEP)
            self._portal.owners[owner_id] = {
                "id": owner_id,
                "email": user["email"],
                "type": "PERSON",
                "firstName": user["first_name"],
                "lastName": user["last_name"],
                "userId": 9_600_000 + user["key"],
                "userIdIncludingInactive": 9_600_000 + user["key"],
                "createdAt": "2022-03-01T08:00:00.431Z",
                "updatedAt": "2024-03-01T08:00:00.431Z",
                "archived": not user["active"],
                "teams": [{"id": str(700 + user["key"] % 9), "name": user["territory"], "primary": True}],
            }
        # HubSpot keeps the worth of one unit in the home currency, with six decimals.
        self._rates = (
            portfolio.rates.sort("start").with_columns(worth=(1 / pl.col("rate")).round(6)).drop("rate")
        )
        for position, row in enumerate(self._rates.sort("currency", "start").iter_rows(named=True), start=1):
            if row["currency"] != HOME_CURRENCY:
                rate = Rate(str(position), row["currency"], f"{row['start']}T00:00:00Z", row["worth"])
                self._portal.rates.setdefault(row["currency"], []).append(rate)

    def _store(self, name: str, frame: pl.DataFrame) -> None:
        self._database.insert(object_type(name).table, frame.columns, frame.iter_rows())

    def _link(self, child: str, parent: str, frame: pl.DataFrame) -> None:
        """`frame` holds child, parent and main."""
        table = next(each.table for each in LINK_TYPES if (each.child, each.parent) == (child, parent))
        self._database.insert(table, frame.columns, frame.iter_rows())

    def _companies(self, portfolio: Portfolio, deals: pl.DataFrame) -> None:
        accounts = portfolio.accounts
        current = self._rates.group_by("currency", maintain_order=True).last().select("currency", "worth")
        merged = (
            accounts.filter(pl.col("state") == "merged")
            .group_by("merged_into_key")
            .agg(hs_merged_object_ids=record_id("companies", "key").cast(pl.String).sort().str.join(";"))
        )
        children = accounts.filter(pl.col("parent_key").is_not_null()).group_by("parent_key").len("children")
        met = portfolio.contacts.group_by("account_key").agg(
            contacts=pl.len(), met=pl.col("last_activity").max()
        )
        rolled = deals.group_by("account_key").agg(
            deals=pl.len(),
            open=(pl.col("hs_is_closed") == "false").sum(),
            won=pl.when(pl.col("hs_is_closed_won") == "true").then(pl.col("home")).sum(),
        )
        frame = (
            accounts.join(current, on="currency", how="left")
            .join(merged, left_on="key", right_on="merged_into_key", how="left")
            .join(children, left_on="key", right_on="parent_key", how="left")
            .join(met, left_on="key", right_on="account_key", how="left")
            .join(rolled, left_on="key", right_on="account_key", how="left")
            .sort("key")
        )
        customer = pl.col("kind").str.starts_with("Customer")
        ratings = (
            {
                "kpm_demand": pl.col("demand").cast(pl.String),
                "kpm_chemistry": pl.col("chemistry").cast(pl.String),
                "kpm_strategy": pl.col("strategy"),
                "kpm_rated_at": pl.col("rated_at").cast(pl.String),
                "kpm_wallet": number((pl.col("wallet") * pl.col("worth") / 100).round(0) * 100),
                "kpm_wallet_rated_at": pl.col("wallet_rated_at").cast(pl.String),
            }
            if self._ratings
            else {}
        )
        gone = pl.col("state").is_in(["archived", "deleted"])
        self._store(
            "companies",
            frame.select(
                id=record_id("companies", "key"),
                **{
                    STATE: pl.col("state").replace_strict(_STATES, return_dtype=pl.Int64),
                    ARCHIVED_AT: pl.when(gone).then(moment("modified", "18:30:00.120Z")),
                    MERGED_INTO: record_id("companies", "merged_into_key"),
                },
                name=pl.col("name"),
                domain=pl.col("website").str.strip_prefix("https://www."),
                website=pl.col("website"),
                industry=pl.col("industry").replace_strict(INDUSTRIES, return_dtype=pl.String),
                numberofemployees=pl.col("employees").cast(pl.String),
                annualrevenue=number((pl.col("annual_revenue") * pl.col("worth") / 1_000).round(0) * 1_000),
                lifecyclestage=pl.when(customer & (pl.col("key") % 29 == 0))
                .then(pl.lit("evangelist"))
                .when(customer)
                .then(pl.lit("customer"))
                .when(pl.col("kind") == "Partner")
                .then(pl.lit("other"))
                .when(pl.col("key") % 2 == 0)
                .then(pl.lit("lead"))
                .otherwise(pl.lit("opportunity")),
                type=pl.when(pl.col("kind") == "Partner")
                .then(pl.lit("PARTNER"))
                .when(pl.col("kind") == "Prospect")
                .then(pl.lit("PROSPECT")),
                country=pl.col("country"),
                city=pl.col("city"),
                account_number=pl.col("account_number"),
                hubspot_owner_id=owner(),
                hs_parent_company_id=record_id("companies", "parent_key").cast(pl.String),
                hs_num_child_companies=pl.col("children").fill_null(0).cast(pl.String),
                hs_num_open_deals=pl.col("open").fill_null(0).cast(pl.String),
                num_associated_deals=pl.col("deals").fill_null(0).cast(pl.String),
                num_associated_contacts=pl.col("contacts").fill_null(0).cast(pl.String),
                total_revenue=number(pl.col("won")),
                notes_last_contacted=moment("met", "09:30:00Z"),
                hs_merged_object_ids=pl.col("hs_merged_object_ids"),
                createdate=moment("created", "07:15:42.123Z"),
                hs_lastmodifieddate=moment("modified", "18:00:00.250Z"),
                **ratings,
            ),
        )
        related = accounts.filter(pl.col("parent_key").is_not_null()).sort("key")
        self._link(
            "companies",
            "companies",
            related.select(
                child=record_id("companies", "key"),
                parent=record_id("companies", "parent_key"),
                main=pl.lit(0),
            ),
        )

    def _deals(self, portfolio: Portfolio) -> pl.DataFrame:
        """Rows of the deals' table, with ``account_key``; links to companies are stored on the way."""
        partner = portfolio.accounts.select(
            "key", partner=pl.col("kind") == "Partner", live=pl.col("state") == "live"
        )
        frame = (
            portfolio.opportunities.join(partner, left_on="account_key", right_on="key", how="left")
            .sort("close_date")
            .join_asof(
                self._rates, left_on="close_date", right_on="start", by="currency", check_sortedness=False
            )
            .sort("key")
            .with_columns(pl.col("worth").fill_null(1.0))
            .with_columns(home=(pl.col("amount") * pl.col("worth")).round(2))
        )
        multi = self._portal.multi_currency
        chances = {stage.id: stage.probability or 0.0 for line in PIPELINES["deals"] for stage in line.stages}
        stage = (
            pl.when("partner")
            .then(pl.col("stage").replace_strict(PARTNER_STAGES, return_dtype=pl.String))
            .otherwise(pl.col("stage").replace_strict(STAGES, return_dtype=pl.String))
        )
        frame = frame.with_columns(dealstage=stage)
        probability = pl.col("dealstage").replace_strict(chances, return_dtype=pl.Float64)
        texts = {name: exact(chance) for name, chance in chances.items()}
        currencies = (
            {
                "deal_currency_code": pl.col("currency"),
                "amount_in_home_currency": number(pl.col("home")),
            }
            if multi
            else {}
        )
        amount = pl.col("amount") if multi else pl.col("home")
        self._link_deals(frame)
        return frame.select(
            "account_key",
            "home",
            id=record_id("deals", "key"),
            dealname=pl.col("name"),
            amount=number(amount),
            # HubSpot leaves zero milliseconds out.
            closedate=pl.when(pl.col("key") % 3 == 0)
            .then(moment("close_date", "11:00:00Z"))
            .otherwise(moment("close_date", "11:00:00.512Z")),
            pipeline=pl.when("partner").then(pl.lit(PARTNER_PIPELINE)).otherwise(pl.lit("default")),
            dealstage=pl.col("dealstage"),
            dealtype=pl.col("type").replace_strict(DEAL_TYPES, return_dtype=pl.String),
            product_line=pl.col("product_line"),
            hubspot_owner_id=owner(),
            hs_deal_stage_probability=pl.col("dealstage").replace_strict(texts, return_dtype=pl.String),
            hs_is_closed=pl.col("closed").cast(pl.String),
            hs_is_closed_won=pl.col("won").cast(pl.String),
            hs_projected_amount=number((amount * probability).round(2)),
            hs_primary_associated_company=pl.when(
                pl.col("live") & (pl.col("key") % NO_COMPANY != 0) & (pl.col("key") % NO_PRIMARY != 0)
            ).then(record_id("companies", "account_key").cast(pl.String)),
            createdate=moment("created", "08:20:11.804Z"),
            hs_lastmodifieddate=moment("created", "08:20:12.101Z"),
            **currencies,
        )

    def _link_deals(self, deals: pl.DataFrame) -> None:
        key = pl.col("key")
        ends = deals.select(
            "key",
            "account_key",
            child=record_id("deals", "key"),
            parent=record_id("companies", "account_key"),
            other=record_id("companies", pl.col("account_key").shift(1)),
        )
        first = ends.filter(key % NO_COMPANY != 0).select(
            "child", "parent", main=(key % NO_PRIMARY != 0).cast(pl.Int64)
        )
        second = ends.filter(
            (key % TWO_COMPANIES == 0) & (key % NO_COMPANY != 0) & (key % NO_PRIMARY != 0),
            pl.col("other").is_not_null() & (pl.col("other") != pl.col("parent")),
        ).select("child", parent="other", main=pl.lit(0, pl.Int64))
        self._link("deals", "companies", pl.concat([first, second]).sort("child", "parent"))

    def _contacts(self, portfolio: Portfolio) -> None:
        contacts = portfolio.contacts
        role = pl.col("buying_roles").str.replace_many(
            list(BUYING_ROLES), list(BUYING_ROLES.values()), leftmost=True
        )
        self._store(
            "contacts",
            contacts.select(
                id=record_id("contacts", "key"),
                firstname=pl.col("first_name"),
                lastname=pl.col("last_name"),
                email=pl.col("email"),
                jobtitle=pl.col("title"),
                hs_buying_role=role,
                associatedcompanyid=record_id("companies", "account_key").cast(pl.String),
                notes_last_contacted=moment("last_activity", "09:30:00Z"),
                createdate=moment("created", "10:05:00.318Z"),
                lastmodifieddate=moment("created", "10:05:00.944Z"),
            ),
        )
        self._link("contacts", "companies", links_to_accounts(contacts, "contacts", main=1))
        taking_part = portfolio.opportunity_roles.select("opportunity_key", "contact_key").unique()
        self._link(
            "deals",
            "contacts",
            taking_part.sort("opportunity_key", "contact_key").select(
                child=record_id("deals", "opportunity_key"),
                parent=record_id("contacts", "contact_key"),
                main=pl.lit(0),
            ),
        )

    def _tickets(self, portfolio: Portfolio) -> None:
        cases = portfolio.cases
        created = pl.col("created").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._store(
            "tickets",
            cases.select(
                id=record_id("tickets", "key"),
                subject=pl.format("{} {}", "type", "key"),
                hs_pipeline=pl.lit("0"),
                hs_pipeline_stage=pl.col("status").replace_strict(TICKET_STAGES, return_dtype=pl.String),
                hs_ticket_category=pl.col("type").replace_strict(TICKET_CATEGORIES, return_dtype=pl.String),
                createdate=created,
                hs_lastmodifieddate=created,
            ),
        )
        self._link("tickets", "companies", links_to_accounts(cases, "tickets", main=1))

    def _orders(self, portfolio: Portfolio) -> None:
        orders = portfolio.orders
        created = moment("effective_date", "08:00:00Z")
        currencies = {"hs_currency_code": pl.col("currency")} if self._portal.multi_currency else {}
        self._store(
            "orders",
            orders.select(
                id=record_id("orders", "key"),
                hs_order_name=pl.format("Order {}", "key"),
                hs_external_order_id=pl.format("O-{}", "key"),
                hs_external_created_date=created,
                hs_total_price=number(pl.col("amount")),
                hs_fulfillment_status=pl.col("status"),
                hs_createdate=created,
                hs_lastmodifieddate=created,
                **currencies,
            ),
        )
        self._link("orders", "companies", links_to_accounts(orders, "orders", main=0))

    def _activities(self, portfolio: Portfolio) -> None:
        at = moment("date", "14:00:00Z")
        done = pl.col("completed")
        own: dict[str, dict[str, pl.Expr]] = {
            "calls": {"hs_call_title": pl.lit("Call"), "hs_call_status": pl.lit("COMPLETED")},
            "emails": {
                "hs_email_subject": pl.lit("E-mail"),
                "hs_email_status": pl.lit("SENT"),
                "hs_email_direction": pl.lit("EMAIL"),
            },
            "meetings": {
                "hs_meeting_title": pl.lit("Meeting"),
                "hs_meeting_start_time": at,
                "hs_meeting_outcome": pl.when(done).then(pl.lit("COMPLETED")).otherwise(pl.lit("SCHEDULED")),
            },
            "notes": {"hs_note_body": pl.lit("Note")},
            "tasks": {
                "hs_task_subject": pl.lit("Task"),
                "hs_task_status": pl.when(done).then(pl.lit("COMPLETED")).otherwise(pl.lit("NOT_STARTED")),
                "hs_task_completion_date": pl.when(done).then(at),
            },
        }
        for name, columns in own.items():
            chosen = portfolio.activities.filter(pl.col("kind") == object_type(name).singular)
            made = pl.when(done).then(at).otherwise(moment("date", "08:00:00Z"))
            self._store(
                name,
                chosen.select(
                    id=record_id(name, "key"),
                    hs_timestamp=at,
                    hs_createdate=made,
                    hs_lastmodifieddate=made,
                    **columns,
                ),
            )
            self._link(name, "companies", links_to_accounts(chosen, name, main=0))
            with_contact = chosen.filter(pl.col("contact_key").is_not_null())
            self._link(
                name,
                "contacts",
                with_contact.select(
                    child=record_id(name, "key"), parent=record_id("contacts", "contact_key"), main=pl.lit(0)
                ),
            )
