"""A conversation's files: given to those who work there, taken from the composer."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from inbox.desk import DeskRequest, at_desk
from messaging.access import access_attachment
from messaging.media_door import give_file, give_thumbnail
from messaging.media_fetch import TooLarge
from messaging.models import Attachment
from messaging.services.media_uploads import UnfitFile, keep_upload
from project.kernel import clock


@require_safe
@at_desk()
def attachment(request: DeskRequest, attachment_id: UUID) -> HttpResponse | StreamingHttpResponse:
    return give_file(request, access_attachment(request.desk.user, request.desk.workspace, attachment_id))


@require_safe
@at_desk()
def thumbnail(request: DeskRequest, attachment_id: UUID) -> HttpResponse | StreamingHttpResponse:
    found = access_attachment(request.desk.user, request.desk.workspace, attachment_id)
    return give_thumbnail(found) if found.thumbnail else give_file(request, found)


def files_in(request: DeskRequest) -> list[Attachment]:
    """What the composer's form brings along, taken in. Raises UnfitFile."""
    file = request.FILES.get("file")
    if file is None:
        return []
    if (file.size or 0) > settings.MEDIA_MAX_BYTES:
        raise UnfitFile(TooLarge(settings.MEDIA_MAX_BYTES).reason)
    kept = keep_upload(
        workspace=request.desk.workspace,
        user=request.desk.user,
        content=file.read(),
        file_name=file.name or "",
        content_type=file.content_type or "",
        now=clock.now(),
    )
    return [kept]
