"""Every scale is in the catalogue: built, tested in a file of its own."""

from pathlib import Path
from typing import get_args

from connector.mapping.model import Scale
from connector.scales import BUILT

KINDS = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(Scale)[0])}


def test_every_scale_of_the_language_is_built() -> None:
    assert BUILT == KINDS


def test_every_scale_has_its_test_file() -> None:
    assert {file.stem.removeprefix("test_") for file in Path(__file__).parent.glob("test_*.py")} == {
        *KINDS, "catalogue"
    }  # fmt: skip
