from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0006_more_rules'),
    ]

    operations = [
        migrations.AlterField(
            model_name='alert',
            name='rule',
            field=models.CharField(choices=[('budget', 'Budget threshold'), ('burn', 'Budget burns fast'), ('forecast', 'Budget forecast'), ('unpriced', 'Calls of unknown cost'), ('credential', 'Credential out of use'), ('provider', 'Provider down'), ('breaker', 'Breaker open'), ('no_offer', 'No offer can be called'), ('degraded', 'Offer degraded'), ('retirement', 'Model ends soon'), ('ledger', 'Sums differ from the ledger')], max_length=20),
        ),
        migrations.AlterField(
            model_name='alert',
            name='threshold',
            field=models.PositiveIntegerField(default=0, help_text='percent, of a retirement days, 0: none'),
        ),
    ]
