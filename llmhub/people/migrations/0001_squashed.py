import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def make_row(apps, schema_editor):
    """Save the one organisation: every page reads its row with what waits in the inbox."""
    rows = apps.get_model("people", "Organisation").objects.using(schema_editor.connection.alias)
    rows.get_or_create(pk=1)


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('people', '0001_initial'),
        ('people', '0002_organisation_row'),
        ('people', '0003_signing_in'),
        ('people', '0004_team_roles'),
        ('people', '0005_invitation_mail'),
        ('people', '0006_time_zone'),
        ('people', '0007_team_routes'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(blank=True, max_length=100)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('viewer', 'Viewer'), ('member', 'Member')], default='viewer', max_length=10)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('time_zone', models.CharField(blank=True, help_text="IANA name, of what they see; empty: the organisation's", max_length=64)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('allowed_routes', models.JSONField(blank=True, help_text='names of routes that its keys may ask for; empty: every route', null=True)),
            ],
            options={
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='SignInLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the token in the link', max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_in_links', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='llmhub', max_length=100)),
                ('time_zone', models.CharField(default='UTC', help_text='IANA name', max_length=64)),
                ('paused_reason', models.CharField(blank=True, help_text='while not empty, the gateway answers 503 with it', max_length=200)),
                ('requires_second_factor', models.BooleanField(default=False, help_text='nobody uses the console without a second factor')),
            ],
        ),
        migrations.CreateModel(
            name='ConsoleSession',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the code', max_length=64, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_codes', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SecondFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.TextField(help_text='the secret shared with the app, encrypted with the key ring')),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('last_step', models.BigIntegerField(default=0, help_text='30-second step of the last code: none works twice')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_factor', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ServiceKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('prefix', models.CharField(max_length=16)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('viewer', 'Viewer'), ('member', 'Member')], default='viewer', max_length=10)),
                ('created_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('maker', models.ForeignKey(blank=True, help_text='the key never reaches further; empty: a command made it', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='service_keys', to=settings.AUTH_USER_MODEL)),
                ('scopes', models.JSONField(blank=True, default=list, help_text='such as budgets:read; empty: all that its role allows')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='service_keys', to='people.team')),
                ('team_role', models.CharField(blank=True, choices=[('manager', 'Manager'), ('member', 'Member'), ('viewer', 'Viewer')], max_length=10)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('manager', 'Manager'), ('member', 'Member'), ('viewer', 'Viewer')], default='member', max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='people.team')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'team'), name='one_role_in_a_team')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('viewer', 'Viewer'), ('member', 'Member')], default='member', help_text='of a new person', max_length=10)),
                ('team_role', models.CharField(blank=True, choices=[('manager', 'Manager'), ('member', 'Member'), ('viewer', 'Viewer')], max_length=10)),
                ('digest', models.CharField(help_text='SHA-256 of the token in the link', max_length=64, unique=True)),
                ('created_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('maker', models.ForeignKey(blank=True, help_text='who may have less to give by the time it is accepted; empty: a command or a program', null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='people.team')),
                ('mail', models.CharField(blank=True, choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Given up')], max_length=10)),
                ('mail_at', models.DateTimeField(blank=True, help_text='tried next; or sent, or given up', null=True)),
                ('mail_attempts', models.PositiveSmallIntegerField(default=0)),
                ('mail_error', models.CharField(blank=True, help_text='of the last attempt', max_length=300)),
                ('mail_sealed', models.TextField(blank=True, help_text='the token until it was sent, encrypted')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('mail', 'waiting')), fields=['mail_at'], name='mails_due')],
            },
        ),
        migrations.RunPython(make_row, migrations.RunPython.noop),
    ]
