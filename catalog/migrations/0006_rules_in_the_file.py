from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_event_of_calls'),
    ]

    operations = [
        migrations.AddField(
            model_name='inboxrule',
            name='from_file',
            field=models.BooleanField(default=False, help_text='it goes when llmhub.toml no longer says it'),
        ),
    ]
