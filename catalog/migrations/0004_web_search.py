from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import migrations

import catalog.fields


def move(apps: Any, schema_editor: Any) -> None:
    """Move what lists said of searches from where it was only shown to where it is computed with."""
    prices = apps.get_model("catalog", "Price").objects.using(schema_editor.connection.alias)
    for row in prices.exclude(meters={}).iterator():
        amount = row.meters.pop("web_search", None)
        if amount is not None:
            tiers = prices.filter(offer_id=row.offer_id, effective_from=row.effective_from)
            tiers.update(web_search=Decimal(amount))
            prices.filter(pk=row.pk).update(meters=row.meters)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_price_ends_at")]

    operations = [
        migrations.AddField(
            model_name="price",
            name="web_search",
            field=catalog.fields.PriceField(
                blank=True, help_text="USD per search; empty: not known", null=True
            ),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
