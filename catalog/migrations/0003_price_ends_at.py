from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_discovery"),
    ]

    operations = [
        migrations.AddField(
            model_name="price",
            name="ends_at",
            field=models.DateTimeField(blank=True, help_text="unknown from then on, until the next", null=True),
        ),
    ]
