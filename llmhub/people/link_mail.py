"""The mail with a sign-in link, for who forgot the password."""

from __future__ import annotations

from llmhub.audit.actor import Actor
from llmhub.lib import mail
from llmhub.people import organisation
from llmhub.people.models import User
from llmhub.people.person import LINK_LIFETIME, make_link, sign_in_address

MAILER = Actor(kind="system", label="sign-in page", role="owner")
_TEXT = """\
Somebody, probably you, asked for a link that signs you in to {hub}:

{link}

It works once, within {minutes} minutes, and ends earlier links. After it you can set a new password on
your profile. If you did not ask for it, ignore this mail: nobody but you has the link.
"""


def send(email: str) -> bool:
    """Mail a sign-in link to the person of this address and return whether there is one."""
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        return False
    hub, link = organisation.current().name, sign_in_address(make_link(actor=MAILER, user=user))
    minutes = int(LINK_LIFETIME.total_seconds() // 60)
    text = _TEXT.format(hub=hub, link=link, minutes=minutes)
    mail.send(to=user.email, subject=f"Your sign-in link for {hub}", text=text)
    return True
