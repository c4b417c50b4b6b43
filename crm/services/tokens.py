"""API tokens: a person's key to the API, shown once and stored as a digest."""

from datetime import datetime

from knox.models import AuthToken

from crm.models import User
from project.kernel.errors import WrongValues


def create_token(*, email: str, now: datetime) -> str:
    """A new token of the person with this address. Raises WrongValues when nobody active has it."""
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise WrongValues({"email": f"nobody active has the address “{email}”"})
    stored, token = AuthToken.objects.create(user=user)
    AuthToken.objects.filter(pk=stored.pk).update(created=now)
    return str(token)
