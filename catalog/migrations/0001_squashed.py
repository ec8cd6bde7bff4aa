import catalog.fields
import catalog.models
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('catalog', '0001_initial'),
        ('catalog', '0002_discovery'),
        ('catalog', '0003_price_ends_at'),
        ('catalog', '0004_web_search'),
        ('catalog', '0005_event_of_calls'),
        ('catalog', '0006_rules_in_the_file'),
    ]

    dependencies = [
        ('providers', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='PublicName',
            fields=[
                ('name', models.CharField(max_length=200, primary_key=True, serialize=False, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9~][A-Za-z0-9._:@/~+-]*\\Z', 'use letters, digits and . _ - : @ / ~ +, beginning with a letter or digit')])),
                ('kind', models.CharField(choices=[('entry', 'Model'), ('alias', 'Alias'), ('route', 'Route')], max_length=10)),
            ],
        ),
        migrations.CreateModel(
            name='CatalogEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(help_text='the id callers use: author/model', max_length=200, unique=True, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9~][A-Za-z0-9._:@/~+-]*\\Z', 'use letters, digits and . _ - : @ / ~ +, beginning with a letter or digit')])),
                ('name', models.CharField(max_length=200)),
                ('family', models.CharField(blank=True, max_length=100)),
                ('source', models.CharField(choices=[('curated', 'Curated'), ('discovered', 'Discovered')], default='curated', max_length=10)),
                ('origin', models.CharField(choices=[('bundled', 'Bundled'), ('discovered', 'Discovered'), ('file', 'File'), ('person', 'Person')], default='person', max_length=20)),
                ('description', models.TextField(blank=True)),
                ('context_tokens', models.PositiveIntegerField(blank=True, help_text='tokens; empty: unknown', null=True)),
                ('output_limit_tokens', models.PositiveIntegerField(blank=True, help_text='tokens; empty: unknown', null=True)),
                ('input_modalities', models.JSONField(blank=True, default=list, validators=[catalog.models.known_modalities])),
                ('output_modalities', models.JSONField(blank=True, default=list, validators=[catalog.models.known_modalities])),
                ('capabilities', models.JSONField(blank=True, default=list, help_text='words of catalog.words.CAPABILITIES', validators=[catalog.models.known_capabilities])),
                ('knowledge_on', models.DateField(blank=True, help_text='training data ends', null=True)),
                ('released_on', models.DateField(blank=True, null=True)),
                ('deprecated_on', models.DateField(blank=True, null=True)),
                ('sunset_on', models.DateField(blank=True, help_text='no longer answers from this day on', null=True)),
                ('replacement', models.CharField(blank=True, help_text='the entry to use instead', max_length=200)),
                ('facts_source', models.URLField(blank=True, max_length=300)),
                ('facts_checked_on', models.DateField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('described_by', models.ForeignKey(blank=True, help_text="whose list a discovered entry's facts are from", null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='providers.provider')),
                ('parameters', models.JSONField(blank=True, default=dict, help_text='descriptors by name, as in providers.adapters.parameters')),
                ('stands_for', models.CharField(blank=True, help_text='the model behind a name that its provider moves', max_length=200)),
            ],
            options={
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('upstream_id', models.CharField(help_text='what the provider calls the model', max_length=200)),
                ('origin', models.CharField(choices=[('bundled', 'Bundled'), ('discovered', 'Discovered'), ('file', 'File'), ('person', 'Person')], default='person', max_length=20)),
                ('rank', models.PositiveSmallIntegerField(default=100, help_text='lower is tried first')),
                ('params', models.JSONField(blank=True, default=dict, help_text="the offer's layer of parameters")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offers', to='catalog.catalogentry')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='providers.provider')),
            ],
            options={
                'ordering': ['rank', 'id'],
                'constraints': [models.UniqueConstraint(fields=('entry', 'provider', 'upstream_id'), name='one_offer_per_upstream_id')],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_from', models.DateTimeField()),
                ('above_input_tokens', models.PositiveIntegerField(default=0, help_text='tokens; 0: the base price')),
                ('input', catalog.fields.PriceField()),
                ('output', catalog.fields.PriceField()),
                ('cache_read', catalog.fields.PriceField(blank=True, null=True)),
                ('cache_write', catalog.fields.PriceField(blank=True, help_text='5-minute lifetime', null=True)),
                ('cache_write_1h', catalog.fields.PriceField(blank=True, null=True)),
                ('per_request', catalog.fields.PriceField(blank=True, help_text='USD per request', null=True)),
                ('input_nano', models.BigIntegerField(editable=False, help_text='nano-USD per million tokens, to sort by')),
                ('output_nano', models.BigIntegerField(editable=False, help_text='nano-USD per million tokens, to sort by')),
                ('origin', models.CharField(choices=[('bundled', 'Bundled'), ('discovered', 'Discovered'), ('file', 'File'), ('person', 'Person')], default='person', max_length=20)),
                ('source', models.URLField(blank=True, max_length=300)),
                ('checked_on', models.DateField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='catalog.offer')),
                ('meters', models.JSONField(blank=True, default=dict, help_text="USD per unit of what is not computed, by the provider's word")),
                ('ends_at', models.DateTimeField(blank=True, help_text='unknown from then on, until the next', null=True)),
                ('web_search', catalog.fields.PriceField(blank=True, help_text='USD per search; empty: not known', null=True)),
            ],
            options={
                'ordering': ['offer', '-effective_from', 'above_input_tokens'],
                'constraints': [models.UniqueConstraint(fields=('offer', 'effective_from', 'above_input_tokens'), name='one_price_per_moment_and_tier')],
            },
        ),
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('name', models.OneToOneField(db_column='name', on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='catalog.publicname')),
                ('origin', models.CharField(choices=[('bundled', 'Bundled'), ('discovered', 'Discovered'), ('file', 'File'), ('person', 'Person')], default='person', max_length=20)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='aliases', to='catalog.catalogentry')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='DiscoveryState',
            fields=[
                ('provider', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='discovery', serialize=False, to='providers.provider')),
                ('next_at', models.DateTimeField(help_text='a worker that takes the turn moves it first')),
                ('refreshed_at', models.DateTimeField(help_text='last run, whatever came of it', null=True)),
                ('succeeded_at', models.DateTimeField(help_text='last run that got a list that was believed', null=True)),
                ('list_hash', models.CharField(blank=True, help_text='of the list that is believed', max_length=64)),
                ('failed_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True, help_text='of the last run; empty: it was well')),
                ('failures', models.PositiveIntegerField(default=0, help_text='runs in a row that failed')),
            ],
        ),
        migrations.CreateModel(
            name='DiscoveryRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trigger', models.CharField(choices=[('schedule', 'By itself'), ('button', 'By a person'), ('command', 'By the command line'), ('file', 'From a file'), ('accepted', 'A held list was accepted'), ('bundled', 'The list that comes with llmhub')], max_length=10)),
                ('outcome', models.CharField(choices=[('first', 'First list'), ('changed', 'Changed'), ('unchanged', 'Unchanged'), ('held', 'Held back'), ('failed', 'Failed')], max_length=10)),
                ('started_at', models.DateTimeField()),
                ('duration_ms', models.PositiveIntegerField(default=0)),
                ('list_hash', models.CharField(blank=True, help_text='SHA-256 of the list as it was sent', max_length=64)),
                ('listed', models.PositiveIntegerField(default=0, help_text='models in the list')),
                ('counts', models.JSONField(default=dict, help_text='changes by kind')),
                ('said', models.TextField(blank=True, help_text='why it failed, or is held back')),
                ('by', models.CharField(blank=True, help_text='who asked for it', max_length=200)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discovery_runs', to='providers.provider')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['provider', '-id'], name='runs_of_provider')],
            },
        ),
        migrations.CreateModel(
            name='CatalogEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('upstream_id', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('new', 'new'), ('price_up', 'price up'), ('price_down', 'price down'), ('price_lost', 'price lost'), ('context_changed', 'context changed'), ('output_limit_changed', 'output limit changed'), ('capability_lost', 'capability lost'), ('capability_gained', 'capability gained'), ('deprecated', 'deprecated'), ('renamed', 'renamed'), ('vanished', 'vanished'), ('back', 'back')], max_length=24)),
                ('is_curated', models.BooleanField(default=False, help_text='it is about a model that a person chose')),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('open', 'To decide'), ('applied', 'Applied'), ('accepted', 'Accepted'), ('ignored', 'Ignored'), ('superseded', 'Succeeded by a later one')], default='open', max_length=10)),
                ('found_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=200)),
                ('entry', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='catalog.catalogentry')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='catalog_events', to='providers.provider')),
                ('run', models.ForeignKey(help_text='empty: no list said it, but answers to calls', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='catalog.discoveryrun')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['state', '-id'], name='events_by_state'), models.Index(fields=['provider', 'upstream_id', '-id'], name='events_of_listing')],
            },
        ),
        migrations.CreateModel(
            name='HeldList',
            fields=[
                ('provider', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='providers.provider')),
                ('content', models.BinaryField(help_text='the list as it was sent, compressed')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.discoveryrun')),
            ],
        ),
        migrations.CreateModel(
            name='InboxRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('new', 'new'), ('price_up', 'price up'), ('price_down', 'price down'), ('price_lost', 'price lost'), ('context_changed', 'context changed'), ('output_limit_changed', 'output limit changed'), ('capability_lost', 'capability lost'), ('capability_gained', 'capability gained'), ('deprecated', 'deprecated'), ('renamed', 'renamed'), ('vanished', 'vanished'), ('back', 'back')], max_length=24)),
                ('action', models.CharField(choices=[('accept', 'Accept'), ('ignore', 'Ignore'), ('hold', 'Always ask')], max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.CharField(max_length=200)),
                ('provider', models.ForeignKey(blank=True, help_text='empty: any', null=True, on_delete=django.db.models.deletion.CASCADE, to='providers.provider')),
                ('from_file', models.BooleanField(default=False, help_text='it goes when llmhub.toml no longer says it')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('kind', 'provider'), name='one_rule_per_kind_and_provider'), models.UniqueConstraint(condition=models.Q(('provider', None)), fields=('kind',), name='one_rule_per_kind')],
            },
        ),
    ]
