from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.config import (
    Config,
    HubspotConnection,
    SalesforceConnection,
    Schedule,
    Store,
    SyncLimits,
    admin_connection,
    admin_variables,
    chosen,
    load,
)
from connector.errors import ConfigError

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
SECRET = "KPM_CONNECTIONS__ACME__CLIENT_SECRET"
ACME = """
[connections.acme]
crm = "salesforce"
mapping = "mappings/acme.toml"
auth = "client_credentials"
login_url = "https://acme.my.salesforce.com"
client_id = "app"
"""
PORTAL = """
[connections.portal]
crm = "hubspot"
mapping = "portal.toml"
"""

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, "utf-8")
        return file

    return write


def refused(file: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file, {SECRET: "s3cret-word"} if environ is None else environ)
    assert "s3cret-word" not in str(caught.value)
    return str(caught.value).splitlines()


def acme(config: Config) -> SalesforceConnection:
    connection = config.connections["acme"]
    assert isinstance(connection, SalesforceConnection)
    return connection


def test_the_example_loads_and_names_every_setting() -> None:
    config = load(EXAMPLE, {SECRET: "x", "KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "y"})
    assert set(config.connections) == {"acme", "portal"}
    assert config.schedule_of("portal").cron == "45 4 * * *"
    text = EXAMPLE.read_text("utf-8")
    for model in (SalesforceConnection, HubspotConnection, Store, Schedule, SyncLimits):
        for key in model.model_fields:
            assert key in text or key.upper() in text, f"{key} is missing in {EXAMPLE.name}"


def test_paths_are_relative_to_the_file(written: Written, tmp_path: Path) -> None:
    config = load(written(ACME), {SECRET: "x"})
    assert acme(config).mapping == tmp_path / "mappings/acme.toml"
    assert config.store.folder == tmp_path / "kpm-data"
    assert config.store.url == f"sqlite:///{tmp_path}/kpm.db"
    assert config.file == tmp_path / "config.toml"


def test_absolute_paths_stay(written: Written, tmp_path: Path) -> None:
    file = written(ACME + f'[store]\nurl = "sqlite:///{tmp_path}/elsewhere.db"\nfolder = "{tmp_path}/data"')
    assert load(file, {SECRET: "x"}).store == Store(
        url=f"sqlite:///{tmp_path}/elsewhere.db", folder=tmp_path / "data"
    )


def test_postgresql_urls_get_the_driver_that_is_installed(written: Written) -> None:
    file = written(ACME + '[store]\nurl = "postgres://kpm@db/kpm"')
    assert load(file, {SECRET: "x"}).store.url == "postgresql+psycopg://kpm@db/kpm"


def test_a_secret_of_digits_stays_as_it_is(written: Written) -> None:
    secret = acme(load(written(ACME), {SECRET: "0012300"})).client_secret
    assert secret is not None
    assert secret.get_secret_value() == "0012300"


def test_the_environment_wins_over_dotenv_over_secrets_directory_over_file(
    written: Written, tmp_path: Path
) -> None:
    keys = ("moved", "cleared", "shrink", "quota")
    file = written(ACME + "[sync]\n" + "".join(f"max_{key}_share = 0.1\n" for key in keys))
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for key in ("moved", "cleared", "shrink"):
        (secrets / f"KPM_SYNC__MAX_{key.upper()}_SHARE").write_text("0.2\n")
    (tmp_path / ".env").write_text(
        "KPM_SECRETS_DIR=secrets\nKPM_SYNC__MAX_MOVED_SHARE=0.3\nKPM_SYNC__MAX_CLEARED_SHARE=0.3\nDATABASE=ours\n",
    )
    limits = load(file, {SECRET: "x", "KPM_SYNC__MAX_MOVED_SHARE": "0.4"}).sync
    assert limits == SyncLimits(
        max_moved_share=0.4, max_cleared_share=0.3, max_shrink_share=0.2, max_quota_share=0.1
    )


@pytest.mark.parametrize(
    "name", ["connections/acme/client_secret", "KPM_CONNECTIONS/ACME/CLIENT_SECRET", SECRET]
)
def test_names_in_the_secrets_directory_may_be_nested(written: Written, tmp_path: Path, name: str) -> None:
    place = tmp_path / "mounted" / name
    place.parent.mkdir(parents=True)
    place.write_text("word\n")
    (tmp_path / "mounted" / "other").write_text("of another program")
    secret = acme(load(written(ACME), {"KPM_SECRETS_DIR": str(tmp_path / "mounted")})).client_secret
    assert secret is not None
    assert secret.get_secret_value() == "word"


def test_a_missing_secrets_directory_is_named(written: Written) -> None:
    [line] = refused(written(ACME), {"KPM_SECRETS_DIR": "nowhere"})
    assert line.startswith("KPM_SECRETS_DIR: ")
    assert "nowhere" in line


def test_a_missing_secret_names_its_variable(written: Written) -> None:
    [line] = refused(written(ACME), {})
    assert line.startswith("config.toml: connections.acme.client_secret: is missing")
    assert SECRET in line


def test_an_empty_secret_is_missing(written: Written) -> None:
    assert SECRET in refused(written(ACME), {SECRET: ""})[0]


def test_a_secret_in_the_file_is_an_error_that_says_where_to_put_it(written: Written) -> None:
    [line] = refused(written(ACME + 'client_secret = "s3cret-word"'), {})
    assert line.startswith(
        "config.toml: connections.acme.client_secret: a secret does not belong into this file"
    )
    assert SECRET in line


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        (ACME + 'proxy = "http://me:s3cret-word@proxy:3128"', "KPM_CONNECTIONS__ACME__PROXY"),
        (ACME + '[store]\nurl = "postgresql+psycopg://kpm:s3cret-word@db/kpm"', "KPM_STORE__URL"),
        (ACME + '[admin]\naccess_token = "s3cret-word"', "KPM_ADMIN__"),
    ],
)
def test_passwords_in_other_places_are_secrets_too(written: Written, text: str, variable: str) -> None:
    [line] = refused(written(text))
    assert variable in line


def test_the_configuration_shows_no_secret_when_printed(written: Written) -> None:
    environ = {SECRET: "s3cret-word", "KPM_STORE__URL": "postgresql://kpm:s3cret-word@db/kpm"}
    assert "s3cret-word" not in repr(load(written(ACME), environ))


def test_all_problems_are_listed_at_once(written: Written) -> None:
    lines = refused(
        written(
            ACME.replace("https://", "http://")
            + 'api_verison = "64.0"\n[store]\nfoldr = "x"\n[schedule]\ncron = "30 4 1 * 1"\ntime_zone = "Vienna"\n'
            "[synch]\nx = 1\n[sync]\nmax_moved_share = 2"
        ),
        {},
    )
    text = "\n".join(lines)
    for expected in (
        "config.toml: connections.acme.login_url: must start with https://",
        "config.toml: connections.acme.api_verison: unknown key; did you mean api_version? Known here: mapping, ",
        "config.toml: store.foldr: unknown key; did you mean folder? Known here: url, folder",
        "config.toml: schedule.cron: '30 4 1 * 1' restricts both day of month and day of week",
        "config.toml: schedule.time_zone: 'Vienna' is no time zone; write it as Region/City",
        "config.toml: synch: unknown key; did you mean sync? Known here: connections, store, schedule, sync",
        "config.toml: sync.max_moved_share: must be a share from 0 to 1, such as 0.2 for 20 %",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("variable", "probable"),
    [
        ("KPM_CONNECTIONS__ACME__CLIENT_SECRT", SECRET),
        ("KPM_CONNECTIONS__ACNE__CLIENT_SECRET", SECRET),
        ("KPM_CONNECTION__ACME__CLIENT_SECRET", SECRET),
        ("KPM_STORE_URL", "KPM_STORE__URL"),
        ("KPM_ADMIN__ACME__PASWORD", "KPM_ADMIN__ACME__PASSWORD"),
    ],
)
def test_a_misspelt_variable_is_reported_with_the_probable_one(
    written: Written, variable: str, probable: str
) -> None:
    [line] = refused(written(ACME), {SECRET: "x", variable: "s3cret-word"})
    assert line == f"{variable}: this variable in the environment sets nothing; did you mean {probable}?"


def test_a_misspelt_secret_is_also_missing(written: Written) -> None:
    lines = refused(written(ACME), {"KPM_CONNECTIONS__ACME__CLIENT_SECRT": "s3cret-word"})
    assert len(lines) == 2
    assert f"Set {SECRET}" in lines[1]


def test_a_wrong_value_in_a_variable_names_the_variable(written: Written) -> None:
    [line] = refused(written(ACME), {SECRET: "x", "KPM_SYNC__MAX_MOVED_SHARE": "much"})
    assert line.startswith("KPM_SYNC__MAX_MOVED_SHARE in the environment: must be a share from 0 to 1")


def test_broken_toml_names_the_line(written: Written) -> None:
    [line] = refused(written("[connections.acme]\ncrm = salesforce"))
    assert line.startswith("config.toml: this is no valid TOML")
    assert line.endswith("; line 2 reads: crm = ….")  # what stands behind a key may be a secret


def test_a_missing_file_says_kpm_init(tmp_path: Path) -> None:
    [line] = refused(tmp_path / "config.toml")
    assert "kpm init" in line
    assert str(tmp_path) in line


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes("# für".encode("latin-1"))
    assert "UTF-8" in refused(file)[0]


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf" + ACME.encode())
    assert "acme" in load(file, {SECRET: "x"}).connections


@pytest.mark.parametrize("text", ["", "[connections]", "connections = 5", "[connections]\nacme = 5"])
def test_no_connection_is_said_so(written: Written, text: str) -> None:
    assert refused(written(text), {})[0].startswith("config.toml: ")


def test_an_unknown_crm_leaves_the_variables_alone(written: Written) -> None:
    variables = {
        "KPM_CONNECTIONS__ACME__CLIENT_SECRET": "x",
        "KPM_ADMIN__ACME__ACCESS_TOKEN": "x",
        "KPM_CONNECTIONS__ACME__SYNC__MAX_MOVED_SHARE": "0.3",
    }
    [line] = refused(written(ACME.replace('crm = "salesforce"', 'crm = "Salesforce"')), variables)
    assert line == 'config.toml: connections.acme: crm must be "salesforce" or "hubspot"'


@pytest.mark.parametrize("crm", ['crm = "salesfroce"', "", "crm = 3"])
def test_the_crm_must_be_known(written: Written, crm: str) -> None:
    [line] = refused(written(ACME.replace('crm = "salesforce"', crm)), {})
    assert '"salesforce" or "hubspot"' in line


def test_a_name_without_an_environment_name_is_refused(written: Written) -> None:
    assert "small letters" in refused(written(ACME.replace("connections.acme", "connections.Acme-1")), {})[0]


def test_a_connection_may_come_from_the_environment_alone(written: Written) -> None:
    environ = {
        "KPM_CONNECTIONS__PORTAL__CRM": "hubspot",
        "KPM_CONNECTIONS__PORTAL__MAPPING": "m.toml",
        "KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "x",
    }
    assert list(load(written(""), environ).connections) == ["portal"]


@pytest.mark.parametrize(
    ("given", "meant"), [("rest", "rest"), ("bulk", "bulk"), ("list", "rest"), ("export", "bulk")]
)
def test_hubspots_own_words_for_the_ways_to_load_will_do(written: Written, given: str, meant: str) -> None:
    text = f'[connections.portal]\ncrm = "hubspot"\nmapping = "m.toml"\nload_method = "{given}"\n'
    loaded = load(written(text), {"KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "x"})
    assert loaded.connections["portal"].load_method == meant


def test_an_unknown_way_to_load_is_refused(written: Written) -> None:
    text = '[connections.portal]\ncrm = "hubspot"\nmapping = "m.toml"\nload_method = "soap"\n'
    assert "load_method" in refused(written(text), {"KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "x"})[0]


def test_a_connection_overrides_schedule_and_brakes_key_by_key(written: Written) -> None:
    file = written(
        ACME
        + '[connections.acme.schedule]\ncron = "0 5 * * *"\n[connections.acme.sync]\nmax_moved_share = 0.9\n'
        + '[schedule]\ntime_zone = "Europe/London"\n[sync]\nmax_cleared_share = 0.7\n',
    )
    config = load(file, {SECRET: "x"})
    assert config.schedule_of("acme") == Schedule(cron="0 5 * * *", time_zone="Europe/London")
    assert config.limits_of("acme") == SyncLimits(max_moved_share=0.9, max_cleared_share=0.7)
    assert config.schedule == Schedule(time_zone="Europe/London")


def test_unknown_names_are_told_with_the_known_ones(written: Written) -> None:
    sync = ", ".join(SyncLimits.model_fields)
    lines = refused(written(ACME + "[mail]\nx = 1\n[acme_too]\ncrm = 'hubspot'\n[sync]\nxyzzy = 1"))
    assert lines == [
        f"config.toml: sync.xyzzy: unknown key. Known here: {sync}",
        "config.toml: mail: unknown key. Known here: connections, store, schedule, sync",
        "config.toml: acme_too: unknown section; a connection is written [connections.acme_too]",
    ]
    [line] = refused(written(ACME + "xyzzy = 1"))
    assert "client_id" in line
    assert "client_secret" not in line  # secrets are set elsewhere


def test_the_only_connection_needs_no_name(written: Written) -> None:
    config = load(written(ACME), {SECRET: "x"})
    assert chosen(config) == chosen(config, "acme") == "acme"


def test_several_connections_ask_for_a_name(written: Written) -> None:
    config = load(written(ACME + PORTAL), {SECRET: "x", "KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "y"})
    with pytest.raises(ConfigError, match=r"--connection \(acme, portal\)"):
        chosen(config)
    with pytest.raises(ConfigError, match="did you mean portal"):
        chosen(config, "portl")


def test_an_administrator_brings_his_own_credentials(written: Written) -> None:
    config = load(written(ACME), {SECRET: "x"})
    environ = {SECRET: "x", "KPM_ADMIN__USERNAME": "admin@acme.example", "KPM_ADMIN__ACME__PASSWORD": "y"}
    connection = admin_connection(config, "acme", environ)
    assert isinstance(connection, SalesforceConnection)
    assert (connection.auth, connection.username) == ("password", "admin@acme.example")
    assert connection.client_secret is None
    assert connection.login_url == "https://acme.my.salesforce.com"
    assert admin_connection(config, "acme", {SECRET: "x"}) is None


@pytest.mark.parametrize(
    ("keys", "needed"),
    [
        ('auth = "jwt"\nclient_id = "a"\nusername = "b"\nprivate_key_file = "c"', "USERNAME (an administrator"),
        ('auth = "client_credentials"\nclient_id = "a"', "CLIENT_ID and KPM_ADMIN__ACME__CLIENT_SECRET (of an app"),
        ('auth = "refresh_token"\nclient_id = "a"', "REFRESH_TOKEN (of an administrator)"),
        ('auth = "access_token"\ninstance_url = "https://a.my.salesforce.com"', "ACCESS_TOKEN (of an administrator's"),
        ('auth = "password"\nusername = "b"', "USERNAME and KPM_ADMIN__ACME__PASSWORD and KPM_ADMIN__ACME__SECURITY_"),
    ],
)  # fmt: skip
def test_the_variables_of_an_administrator_by_the_way_to_log_in(
    written: Written, keys: str, needed: str
) -> None:
    secrets = ("CLIENT_SECRET", "REFRESH_TOKEN", "ACCESS_TOKEN", "PASSWORD")
    environ = {f"KPM_CONNECTIONS__ACME__{secret}": "x" for secret in secrets}
    head = '[connections.acme]\ncrm = "salesforce"\nmapping = "m.toml"\n'
    told = admin_variables(load(written(head + keys), environ), "acme")
    assert told.startswith(f"KPM_ADMIN__ACME__{needed}")
    assert "KPM_ADMIN__ACME__ACCESS_TOKEN" in told
    assert ("INSTANCE_URL" in told) is ("instance_url" not in keys)


def test_the_variables_of_a_hubspot_administrator(written: Written) -> None:
    key = "KPM_ADMIN__PORTAL__ACCESS_TOKEN (a key with the scope crm.schemas.companies.write)"
    plain = load(written(PORTAL), {"KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "y"})
    assert admin_variables(plain, "portal") == key
    environ = {f"KPM_CONNECTIONS__PORTAL__{name}": "y" for name in ("CLIENT_SECRET", "REFRESH_TOKEN")}
    app = load(written(PORTAL + 'auth = "refresh_token"\nclient_id = "a"'), environ)
    assert admin_variables(app, "portal").startswith(f"{key}, or KPM_ADMIN__PORTAL__REFRESH_TOKEN and ")


def test_a_connection_knows_its_variables(written: Written) -> None:
    config = load(written(ACME), {SECRET: "x"})
    assert config.connections["acme"].variables == "KPM_CONNECTIONS__ACME"
    admin = admin_connection(config, "acme", {"KPM_ADMIN__CLIENT_ID": "a", "KPM_ADMIN__CLIENT_SECRET": "b"})
    assert admin is not None
    assert admin.variables == "KPM_ADMIN__ACME"


def test_an_administrators_wrong_value_names_its_variable(written: Written) -> None:
    config = load(written(ACME), {SECRET: "x"})
    environ = {"KPM_ADMIN__ACCESS_TOKEN": "y", "KPM_ADMIN__INSTANCE_URL": "ftp://acme"}
    with pytest.raises(ConfigError, match="KPM_ADMIN__ACME__INSTANCE_URL: must start with https"):
        admin_connection(config, "acme", environ)


def test_a_missing_key_that_is_no_secret_belongs_into_the_file(written: Written) -> None:
    [line] = refused(written(ACME.replace('client_id = "app"', "")))
    assert line == "config.toml: connections.acme.client_id: is missing: auth = 'client_credentials' needs it"


def test_a_missing_mapping_is_said_so(written: Written) -> None:
    assert refused(written(ACME.replace('mapping = "mappings/acme.toml"', "")))[0].endswith(
        "mapping: is missing"
    )


def test_a_broken_url_with_a_password_counts_as_one(written: Written) -> None:
    lines = refused(written(ACME + '[store]\nurl = "postgresql://kpm:s3cret-word@[db/kpm"'))
    assert "KPM_STORE__URL" in lines[0]


def test_a_dotenv_that_is_no_text_is_named(written: Written, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused(written(ACME))[0]


def test_a_variable_for_a_section_as_a_whole_sets_nothing(written: Written) -> None:
    lines = refused(written(ACME), {SECRET: "x", "KPM_SYNC": "0.2", "KPM_SYNC__MAX_MOVED_SHARE": "0.2"})
    assert len(lines) == 1
    assert lines[0].startswith("KPM_SYNC: this variable in the environment sets nothing")


def test_an_administrators_credentials_must_be_complete(written: Written) -> None:
    config = load(written(ACME), {SECRET: "x"})
    with pytest.raises(ConfigError, match="KPM_ADMIN__ACME__USERNAME is missing") as caught:
        admin_connection(config, "acme", {"KPM_ADMIN__PASSWORD": "s3cret-word"})
    assert "s3cret-word" not in str(caught.value)
