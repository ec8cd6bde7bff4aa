"""Exact prices in the database."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from catalog.pricing import MAX_PRICE
from llmhub.lib import money

MAX_LENGTH = 40  # letters: the longest price seen has 23 decimals


if TYPE_CHECKING:
    _CharField = models.CharField[Any, Any]
else:  # Django's fields are generic for the type checker only
    _CharField = models.CharField


class PriceField(_CharField):
    """A price in USD, kept as text: `DecimalField` is a float on SQLite and loses digits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = MAX_LENGTH
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave out the length, which is ours."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Decimal | None:
        """Return what was saved, digit for digit."""
        return None if value is None else Decimal(value)

    def to_python(self, value: Any) -> Decimal | None:
        """Return a price. Raises `ValidationError` on anything that is no price."""
        if value is None or value == "":
            return None
        try:
            written = format(value, "f") if isinstance(value, Decimal) else str(value)  # never 1E-7
            price = money.parse(written, maximum=MAX_PRICE)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc
        if price and len(format(price, "f")) > MAX_LENGTH:
            raise ValidationError(f"{value!r} has too many digits: at most {MAX_LENGTH} letters are kept")
        return price

    def get_prep_value(self, value: Any) -> str | None:
        """Return the plain decimal text of a price."""
        price = self.to_python(value)
        return None if price is None else format(price or Decimal(0), "f")

    def run_validators(self, value: Any) -> None:
        """The range is checked in `to_python`; a length check on a Decimal has no meaning."""
