from django.db import migrations


def make_row(apps, schema_editor):
    """Save the one organisation: every page reads its row with what waits in the inbox."""
    rows = apps.get_model("people", "Organisation").objects.using(schema_editor.connection.alias)
    rows.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_row, migrations.RunPython.noop)]
