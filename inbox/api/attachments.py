from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import require
from messaging.access import access_attachment
from messaging.media_door import give_file
from messaging.media_fetch import megabytes
from messaging.models import Attachment
from messaging.services.media_uploads import keep_upload
from project.kernel import clock

from .base import WorkspaceView
from .schema import documented


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """A file. wanted: being fetched from the provider · refused, failed: not kept, see `reason`."""

    url = serializers.SerializerMethodField(help_text="Where its content is, with the same token; null until stored.")

    class Meta:
        model = Attachment
        fields = [
            "id",
            "position",
            "state",
            "reason",
            "file_name",
            "content_type",
            "claimed_type",
            "size",
            "sha256",
            "width",
            "height",
            "url",
            "created_at",
        ]

    def get_url(self, attachment: Attachment) -> str | None:
        return f"/api/v1/attachments/{attachment.pk}/content/" if attachment.file else None


@extend_schema_field(OpenApiTypes.BINARY)
class Content(serializers.FileField):
    pass


class UploadSerializer(serializers.Serializer[Any]):
    file = Content(help_text="The file, as multipart/form-data.", allow_empty_file=True)

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        if (file.size or 0) > settings.MEDIA_MAX_BYTES:
            raise serializers.ValidationError(f"The file is larger than {megabytes(settings.MEDIA_MAX_BYTES)}.")
        return file


class AttachmentList(WorkspaceView):
    parser_classes = [MultiPartParser]

    @documented("attachments", AttachmentSerializer, takes={"multipart/form-data": UploadSerializer}, code=201)
    def post(self, request: Request) -> Response:
        """Take in a file to send: name its id in `attachments` of a new message. One that is not sent is forgotten
        after a day. What it is is looked at, whatever its type is said to be.
        """
        require(request.user, self.workspace, "reply")
        file = self.checked(UploadSerializer(data=request.data))["file"]
        kept = keep_upload(
            workspace=self.workspace,
            user=request.user,
            content=file.read(),
            file_name=file.name or "",
            content_type=file.content_type or "",
            now=clock.now(),
        )
        return Response(AttachmentSerializer(kept).data, status=201)


class AttachmentView(WorkspaceView):
    def attachment(self, attachment_id: UUID) -> Attachment:
        return access_attachment(self.request.user, self.workspace, attachment_id, kept=False)


class AttachmentDetail(AttachmentView):
    @documented("attachments", AttachmentSerializer)
    def get(self, request: Request, attachment_id: UUID) -> Response:
        """What is known of a file, and whether it is here yet."""
        return Response(AttachmentSerializer(self.attachment(attachment_id)).data)


class AttachmentContent(WorkspaceView):
    @documented("attachments", OpenApiTypes.BINARY)
    def get(self, request: Request, attachment_id: UUID) -> HttpResponse | StreamingHttpResponse:
        """The file itself."""
        return give_file(request, access_attachment(request.user, self.workspace, attachment_id))
