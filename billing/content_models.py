"""What was said in calls: whether a team keeps it, and what is kept."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from llmhub.people.models import Team


class ContentConsent(models.Model):
    """That what is said in a team's calls is kept until an end; a row for each team that ever agreed.

    Nothing of the team is kept beyond `until`, switched off or not. Who changed it is in the audit log.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="content_consent")
    is_on = models.BooleanField(default=True)
    until = models.DateTimeField()
    since = models.DateTimeField()
    by = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    deleted_to = models.BigIntegerField(
        default=0, help_text="id of a call: nothing of it and of earlier ones may be there any more"
    )

    def stands(self, now: datetime) -> bool:
        """Return whether calls are kept at `now`."""
        return self.is_on and self.until > now


class CallContent(models.Model):
    """What was said in one call, encrypted; deleted on its date.

    It is written beside the ledger, and only while the team's consent stands.
    """

    id = models.BigIntegerField(primary_key=True, help_text="of the call's usage record")
    team_id = models.BigIntegerField()
    delete_after = models.DateTimeField(db_index=True)
    request = models.TextField(help_text="encrypted")
    answer = models.TextField(help_text="encrypted")
    request_bytes = models.PositiveIntegerField(help_text="of the whole; what is kept may be less")
    answer_bytes = models.PositiveIntegerField(help_text="of the whole; what is kept may be less")

    class Meta:
        indexes = [models.Index(fields=["team_id", "id"], name="content_of_team")]

    def __repr__(self) -> str:
        return f"<CallContent {self.pk}>"
