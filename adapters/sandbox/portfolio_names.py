"""Names of people, companies and places, drawn once per seed and then combined column-wise.

Faker builds one name at a time, which is too slow for a million accounts. So it fills pools of a few thousand
names here, and the portfolio picks from them by index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import polars as pl
from faker import Faker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Indices: TypeAlias = NDArray[np.int64]

DRAWS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Country:
    """A country that accounts sit in.

    Attributes:
        name: as written in an address.
        locale: index into `LOCALES`, whose names its people bear.
        currency: of its accounts.
        share: of the accounts, 0..1.
        top_level_domain: second part of made-up host names; all of them end in the reserved ``.example``.
        legal_forms: ends of company names.
    """

    name: str
    locale: int
    currency: str
    share: float
    top_level_domain: str
    legal_forms: tuple[str, ...]


LOCALES: Final = ("de_AT", "de_DE", "en_GB")

COUNTRIES: Final = (
    Country("Austria", 0, "EUR", 0.36, "at", ("GmbH", "GmbH & Co KG", "AG", "KG", "OG")),
    Country("Germany", 1, "EUR", 0.37, "de", ("GmbH", "GmbH & Co. KG", "AG", "KG", "SE")),
    Country("Switzerland", 1, "CHF", 0.09, "ch", ("AG", "GmbH", "SA", "AG", "Holding AG")),
    Country("United Kingdom", 2, "GBP", 0.13, "uk", ("Ltd", "PLC", "LLP", "& Sons Ltd", "Group Ltd")),
    Country("United States", 2, "USD", 0.05, "us", ("Inc.", "LLC", "Corp.", "& Co.", "Group Inc.")),
)

REGIONS: Final = ("North", "South", "East", "West")

JOB_TITLES: Final = (
    # By the index of the buying role that usually goes with it, see `ROLES`.
    ("Chief Financial Officer", "Leiter Controlling", "Kaufmännische Leiterin"),
    ("Geschäftsführer", "Managing Director", "Leiterin Einkauf"),
    ("Chief Executive Officer", "Vorstand", "Vorständin Betrieb"),
    ("Senior Analyst", "Projektleiter", "Project Manager"),
    ("Head of Operations", "Betriebsleiterin", "Assistent der Geschäftsführung"),
    ("Disponentin", "Team Leader Production", "Sachbearbeiter Einkauf"),
    ("IT-Leiter", "Head of Engineering", "Technische Leiterin"),
    ("Office Manager", "Sekretariat", "Qualitätsbeauftragter"),
)

ROLES: Final = (
    "Economic Buyer",
    "Economic Decision Maker",
    "Executive Sponsor",
    "Evaluator",
    "Influencer",
    "Business User",
    "Technical Buyer",
    "Other",
)


@dataclass(frozen=True, slots=True)
class Industry:
    """An industry and the sizes of its companies.

    Attributes:
        name: as in a CRM's picklist.
        employees: median head count.
        spread: standard deviation of the head count's logarithm.
        revenue_per_head: median yearly revenue per employee in EUR.
        trades: German and English words for company names.
    """

    name: str
    employees: float
    spread: float
    revenue_per_head: float
    trades: tuple[tuple[str, ...], tuple[str, ...]]


INDUSTRIES: Final = (
    Industry(
        "Machinery",
        280,
        1.2,
        210_000,
        (("Maschinenbau", "Anlagenbau", "Werkzeuge"), ("Engineering", "Machine Tools", "Pumps")),
    ),
    Industry(
        "Construction",
        110,
        1.1,
        190_000,
        (("Bau", "Hochbau", "Holzbau"), ("Construction", "Builders", "Homes")),
    ),
    Industry("Retail", 90, 1.4, 240_000, (("Handel", "Möbel", "Sport"), ("Retail", "Furniture", "Stores"))),
    Industry(
        "Healthcare",
        220,
        1.3,
        95_000,
        (("Kliniken", "Medizintechnik", "Pharma"), ("Care", "Clinics", "Medical")),
    ),
    Industry(
        "Energy", 400, 1.3, 480_000, (("Energie", "Solartechnik", "Netze"), ("Energy", "Solar", "Power"))
    ),
    Industry(
        "Transportation",
        160,
        1.2,
        150_000,
        (("Logistik", "Spedition", "Transporte"), ("Logistics", "Freight", "Haulage")),
    ),
    Industry(
        "Technology",
        95,
        1.3,
        170_000,
        (("Software", "Systeme", "IT-Service"), ("Software", "Systems", "Data")),
    ),
    Industry(
        "Finance",
        240,
        1.3,
        320_000,
        (("Versicherung", "Leasing", "Bank"), ("Insurance", "Leasing", "Capital")),
    ),
    Industry(
        "Food & Beverage",
        150,
        1.2,
        230_000,
        (("Lebensmittel", "Brauerei", "Molkerei"), ("Foods", "Brewery", "Dairies")),
    ),
    Industry(
        "Chemicals",
        320,
        1.2,
        380_000,
        (("Chemie", "Kunststoffe", "Lacke"), ("Chemicals", "Plastics", "Paints")),
    ),
    Industry(
        "Electronics",
        230,
        1.2,
        220_000,
        (("Elektronik", "Sensorik", "Messtechnik"), ("Electronics", "Sensors", "Controls")),
    ),
    Industry(
        "Consulting",
        45,
        1.1,
        140_000,
        (("Beratung", "Ingenieure", "Planung"), ("Consulting", "Partners", "Advisory")),
    ),
)


@dataclass(frozen=True, slots=True)
class Names:
    """Pools of names, one series per entry of `LOCALES`, without repetitions, in the order of drawing."""

    first: tuple[pl.Series, ...]
    last: tuple[pl.Series, ...]
    city: tuple[pl.Series, ...]

    @classmethod
    @cache
    def draw(cls, seed: int) -> Names:
        """Fill the pools; the same seed gives the same pools, drawn once per process."""
        first, last, city = [], [], []
        for locale in LOCALES:
            faker = Faker(locale)
            faker.seed_instance(seed)
            # The German providers compose street-like names under `city`; `city_name` lists real towns.
            town = faker.city if locale == "en_GB" else faker.city_name
            first.append(_pool([faker.first_name() for _ in range(DRAWS)]))
            last.append(_pool([faker.last_name() for _ in range(DRAWS)]))
            city.append(_pool([town() for _ in range(DRAWS)]))
        return cls(tuple(first), tuple(last), tuple(city))


def _pool(drawn: list[str]) -> pl.Series:
    """Each name once; some of Faker's surnames carry a generation ("Koch II"), which no company would bear."""
    drawn = [name for name in drawn if not name.endswith((" I", " II", " III", " IV", " V"))]
    return pl.Series(list(dict.fromkeys(drawn)), dtype=pl.String)


def pick(pools: tuple[pl.Series, ...], pool: Indices, number: Indices) -> pl.Series:
    """For each row the entry `number` (modulo the pool's length) of the pool with index `pool`."""
    joined = pl.concat(list(pools))
    starts, lengths = [], []
    start = 0
    for series in pools:
        starts.append(start)
        lengths.append(len(series))
        start += len(series)
    lookup = pl.DataFrame({"pool": pool, "number": number})
    index = lookup.select(
        pl.col("pool").replace_strict(dict(enumerate(starts)), return_dtype=pl.Int64)
        + pl.col("number") % pl.col("pool").replace_strict(dict(enumerate(lengths)), return_dtype=pl.Int64)
    ).to_series()
    return joined.gather(index.cast(pl.UInt32))


def slug(column: pl.Expr) -> pl.Expr:
    """A text as part of a host name or an e-mail address: ASCII letters, digits and hyphens."""
    plain = column.str.to_lowercase()
    plain = plain.str.replace_many(
        ["ä", "ö", "ü", "ß", "é", "è", "á"], ["ae", "oe", "ue", "ss", "e", "e", "a"]
    )
    return plain.str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-")
