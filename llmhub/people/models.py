"""Who may do what: people, teams, the organisation, and keys of programs that manage."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from llmhub.audit.actor import Actor
from llmhub.people import sign_in_models  # noqa: F401
from llmhub.people.roles import reach


class Role(models.TextChoices):
    """What a person or a service key may do in the organisation, each more than the one below."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"


class TeamRole(models.TextChoices):
    """What a person may do in one team, each more than the one below."""

    MANAGER = "manager", "Manager"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Organisation(models.Model):
    """The one organisation of this installation: a single row with id 1."""

    name = models.CharField(max_length=100, default="llmhub")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name")
    paused_reason = models.CharField(
        max_length=200, blank=True, help_text="while not empty, the gateway answers 503 with it"
    )
    requires_second_factor = models.BooleanField(
        default=False, help_text="nobody uses the console without a second factor"
    )

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    """The reading vocabulary of people."""

    def seen_by(self, actor: Actor) -> UserQuerySet:
        """People whom `actor` may know of: of the teams that both are in, and with keys of those."""
        teams = reach(actor)
        if teams is None:
            return self
        own = Q(pk=actor.id) if actor.kind == "user" else Q(pk=None)
        of_teams = Membership.objects.filter(team_id__in=teams).values("user_id")
        return self.filter(own | Q(pk__in=of_teams) | Q(keys__team_id__in=teams)).distinct()


class UserManager(BaseUserManager["User"]):
    """Makes people; there is no superuser, a role says what a person may do."""

    def get_queryset(self) -> UserQuerySet:
        """Return every person, with the reading vocabulary."""
        return UserQuerySet(self.model, using=self._db)

    def seen_by(self, actor: Actor) -> UserQuerySet:
        """People whom `actor` may know of."""
        return self.get_queryset().seen_by(actor)

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person of this e-mail address, whatever its case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in with an e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="IANA name, of what they see; empty: the organisation's"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email


class SignInLink(models.Model):
    """A link that signs one person in once, within its time."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token in the link")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class TeamQuerySet(models.QuerySet["Team"]):
    """The reading vocabulary of teams."""

    def seen_by(self, actor: Actor) -> TeamQuerySet:
        """Teams that `actor` may read; of the others nothing is shown, not even their names."""
        return self.within(reach(actor))

    def within(self, teams: frozenset[int] | None) -> TeamQuerySet:
        """Teams of these ids; None: every team."""
        return self if teams is None else self.filter(pk__in=teams)


class Team(models.Model):
    """Who calls are made for and paid by."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    allowed_routes = models.JSONField(
        null=True, blank=True, help_text="names of routes that its keys may ask for; empty: every route"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What one person may do in one team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=TeamRole, default=TeamRole.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="one_role_in_a_team")]


class Invitation(models.Model):
    """A link that lets one person in, once, within its time."""

    class Mail(models.TextChoices):
        """Whether the link was sent by mail; empty: there was no mail server."""

        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER, help_text="of a new person")
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    team_role = models.CharField(max_length=10, choices=TeamRole, blank=True)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token in the link")
    created_by = models.CharField(max_length=200)
    maker = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        help_text="who may have less to give by the time it is accepted; empty: a command or a program",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=10, choices=Mail, blank=True)
    mail_sealed = models.TextField(blank=True, help_text="the token until it was sent, encrypted")
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_at = models.DateTimeField(null=True, blank=True, help_text="tried next; or sent, or given up")
    mail_error = models.CharField(max_length=300, blank=True, help_text="of the last attempt")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["mail_at"], name="mails_due", condition=models.Q(mail="waiting"))]


class ServiceKeyQuerySet(models.QuerySet["ServiceKey"]):
    """The reading vocabulary of service keys."""

    def seen_by(self, actor: Actor) -> ServiceKeyQuerySet:
        """Keys that `actor` may see and revoke: admins all, managers those of their teams."""
        teams = reach(actor, "manage")
        return self if teams is None else self.filter(team_id__in=teams)


class ServiceKey(models.Model):
    """A key with which a program uses the management API; it is no gateway key.

    A key of one team has the organisation role `member` and a role in that team.
    """

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="service_keys"
    )
    team_role = models.CharField(max_length=10, choices=TeamRole, blank=True)
    scopes = models.JSONField(
        default=list, blank=True, help_text="such as budgets:read; empty: all that its role allows"
    )
    maker = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="service_keys",
        help_text="the key never reaches further; empty: a command made it",
    )
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ServiceKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def get_reach_display(self) -> str:
        """Return the role that people read, with the team it is of."""
        return self.get_role_display() if self.team is None else self.get_team_role_display()
