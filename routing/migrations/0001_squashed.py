import catalog.models
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('routing', '0001_routes'),
        ('routing', '0002_escalates'),
        ('routing', '0003_targets_by_name'),
        ('routing', '0004_each_target_once'),
    ]

    dependencies = [
        ('catalog', '0001_squashed'),
        ('providers', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Route',
            fields=[
                ('name', models.OneToOneField(db_column='name', on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='catalog.publicname')),
                ('description', models.CharField(blank=True, max_length=500)),
                ('policy', models.CharField(choices=[('priority', 'in the order of the list'), ('cost', 'what this call is expected to cost, the least first'), ('latency', 'what answers soonest'), ('throughput', 'what writes fastest'), ('reliability', 'what fails least'), ('balanced', 'cost, reliability, latency and throughput together'), ('weighted', 'by chance, in shares of the weights')], default='priority', help_text='how the targets are ranked for each call', max_length=20)),
                ('require', models.JSONField(blank=True, default=list, help_text='capabilities that every target must have, whatever a call needs', validators=[catalog.models.known_capabilities])),
                ('max_cost_multiple', models.DecimalField(blank=True, decimal_places=2, default=3, help_text='a target that is expected to cost more than so many times the first choice is not tried; empty: no limit', max_digits=6, null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('explore_percent', models.PositiveSmallIntegerField(default=2, help_text='percent of calls that go first to an offer about which little is known', validators=[django.core.validators.MaxValueValidator(50)])),
                ('keeps_sessions', models.BooleanField(default=True, help_text='calls of one session go where the last one was answered')),
                ('origin', models.CharField(choices=[('bundled', 'Bundled'), ('discovered', 'Discovered'), ('file', 'File'), ('person', 'Person')], default='person', max_length=20)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('escalates', models.BooleanField(default=False, help_text='the next target answers only where the answer of the one before is cut off, refused, empty or not of the form asked for')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='RouteTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rank', models.PositiveSmallIntegerField(help_text='lower is listed first')),
                ('weight', models.PositiveSmallIntegerField(default=1, help_text='share of the calls, where the policy is weighted', validators=[django.core.validators.MaxValueValidator(1000)])),
                ('is_for_want', models.BooleanField(default=False, help_text='tried only where no budget lets a call go to the others')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='route_targets', to='catalog.catalogentry')),
                ('provider', models.ForeignKey(blank=True, help_text='empty: any', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='route_targets', to='providers.provider')),
                ('route', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='routing.route')),
            ],
            options={
                'ordering': ['rank', 'id'],
                'constraints': [models.UniqueConstraint(fields=('route', 'entry', 'provider', 'is_for_want'), name='each_target_once'), models.UniqueConstraint(condition=models.Q(('provider', None)), fields=('route', 'entry', 'is_for_want'), name='each_target_anywhere_once')],
            },
        ),
    ]
