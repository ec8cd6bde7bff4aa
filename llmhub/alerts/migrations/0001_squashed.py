import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('alerts', '0001_initial'),
        ('alerts', '0002_burn_rate'),
        ('alerts', '0003_team_channels'),
        ('alerts', '0004_quiet_hours'),
        ('alerts', '0005_channels_in_the_file'),
        ('alerts', '0006_more_rules'),
        ('alerts', '0007_retirement_rule'),
    ]

    dependencies = [
        ('people', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(choices=[('budget', 'Budget threshold'), ('burn', 'Budget burns fast'), ('forecast', 'Budget forecast'), ('unpriced', 'Calls of unknown cost'), ('credential', 'Credential out of use'), ('provider', 'Provider down'), ('breaker', 'Breaker open'), ('no_offer', 'No offer can be called'), ('degraded', 'Offer degraded'), ('retirement', 'Model ends soon'), ('ledger', 'Sums differ from the ledger')], max_length=20)),
                ('subject', models.CharField(max_length=200)),
                ('period', models.BigIntegerField(default=0, help_text='Unix seconds, 0: none')),
                ('threshold', models.PositiveIntegerField(default=0, help_text='percent, of a retirement days, 0: none')),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('firing', 'Firing'), ('resolved', 'Resolved')], default='pending', max_length=10)),
                ('severity', models.CharField(default='warning', max_length=10)),
                ('title', models.CharField(max_length=250)),
                ('text', models.TextField(blank=True)),
                ('path', models.CharField(default='/', help_text='the page that shows it', max_length=300)),
                ('facts', models.JSONField(default=dict, help_text='the numbers of the last transition')),
                ('pending_at', models.DateTimeField(help_text='since when its condition holds')),
                ('fired_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_by', models.CharField(blank=True, max_length=200)),
                ('snoozed_until', models.DateTimeField(blank=True, help_text='told again then, if it still fires', null=True)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='alerts', to='people.team')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state', 'resolved'), _negated=True), fields=['rule'], name='open_alerts')],
                'constraints': [models.UniqueConstraint(fields=('rule', 'subject', 'period', 'threshold'), name='an_alert_is_there_once')],
            },
        ),
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('kind', models.CharField(choices=[('email', 'E-mail'), ('webhook', 'Signed webhook'), ('chat', 'Slack, Teams and others')], max_length=10)),
                ('address', models.CharField(blank=True, help_text='e-mail addresses, or a URL; empty: all owners, by e-mail', max_length=500)),
                ('sealed', models.TextField(blank=True, help_text='the signing secret, or the URL of a chat, encrypted')),
                ('rules', models.JSONField(blank=True, default=list, help_text='only alerts of these; empty: all')),
                ('paused', models.BooleanField(default=False)),
                ('created_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('team', models.ForeignKey(blank=True, help_text="whose it is, told only of its alerts; empty: the hub's", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='channels', to='people.team')),
                ('quiet', models.CharField(blank=True, help_text='hours of only what is critical, `22:00-07:00`; empty: none', max_length=11)),
                ('time_zone', models.CharField(default='UTC', help_text='IANA name, of its quiet hours', max_length=64)),
                ('address_ref', models.CharField(blank=True, help_text='`env:NAME` or `file:/PATH`', max_length=300)),
                ('from_file', models.BooleanField(default=False, help_text='it goes when llmhub.toml no longer says it')),
                ('secret_ref', models.CharField(blank=True, help_text='the same, of the signing secret', max_length=300)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('name',), name='one_channel_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Transition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='1 for the first of its alert')),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('firing', 'Firing'), ('resolved', 'Resolved')], max_length=10)),
                ('at', models.DateTimeField()),
                ('title', models.CharField(max_length=250)),
                ('text', models.TextField(blank=True)),
                ('facts', models.JSONField(default=dict)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='transitions', to='alerts.alert')),
            ],
            options={
                'ordering': ['alert', 'number'],
                'constraints': [models.UniqueConstraint(fields=('alert', 'number'), name='transitions_have_an_order')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(help_text='the same each time it is sent', max_length=40, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('held', 'Waits for the digest'), ('sent', 'Sent'), ('failed', 'Given up')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(help_text='not sent before')),
                ('leased_until', models.DateTimeField(blank=True, help_text='a worker sends it until then', null=True)),
                ('error', models.CharField(blank=True, help_text='of the last attempt', max_length=300)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='alerts.channel')),
                ('transition', models.ForeignKey(blank=True, help_text='empty: a test, or a digest', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='alerts.transition')),
                ('digest', models.ForeignKey(blank=True, help_text='the message that tells this one with others', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='parts', to='alerts.delivery')),
                ('is_digest', models.BooleanField(default=False, help_text='it tells what its parts were held back with')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_at'], name='deliveries_due'), models.Index(condition=models.Q(('state', 'held')), fields=['next_at'], name='deliveries_held')],
                'constraints': [models.UniqueConstraint(fields=('transition', 'channel'), name='a_channel_is_told_once')],
            },
        ),
    ]
