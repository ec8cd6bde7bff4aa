"""Tell a person at the right field what a write function refused."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.forms import BaseForm

_TAKEN = "This is taken: choose another."


def refuse(form: BaseForm, error: ValidationError) -> None:
    """Show `error` at the fields it names; what the form has no field for stands above the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, errors in error.error_dict.items():
        told = [_TAKEN if each.code == "unique" else each for each in errors]
        form.add_error(field if field in form.fields else None, ValidationError(told))
