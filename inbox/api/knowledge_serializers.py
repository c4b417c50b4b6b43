"""What the API shows of knowledge, products and tools, and which values it takes."""

import base64
import binascii
from typing import Any

from rest_framework import serializers

from agents.models import KnowledgeEntry, KnowledgeSource, UnansweredQuestion, WorkspaceTool
from agents.models.sources import SourceKind
from agents.models.tools import Caller
from crm.models import Product, StockAlert

from .serializers import LeadSummarySerializer, PersonSerializer

LONGEST_TEXT = 1_400_000


class EntrySerializer(serializers.ModelSerializer[KnowledgeEntry]):
    class Meta:
        model = KnowledgeEntry
        fields = ["id", "question", "answer", "language", "is_active", "updated_at"]
        read_only_fields = ["updated_at"]


class SourceSerializer(serializers.ModelSerializer[KnowledgeSource]):
    class Meta:
        model = KnowledgeSource
        fields = [
            "id",
            "kind",
            "title",
            "url",
            "language",
            "state",
            "is_active",
            "refetch_hours",
            "chunk_count",
            "error",
            "fetched_at",
            "created_at",
        ]


class NewSourceSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(SourceKind.choices)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    url = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="", help_text="Of a page.")
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_TEXT)
    content_base64 = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="The bytes of a PDF or CSV file, instead of `text`."
    )
    language = serializers.CharField(max_length=8, required=False, allow_blank=True, default="")
    refetch_hours = serializers.IntegerField(required=False, allow_null=True, default=None)

    def validate_content_base64(self, content: str) -> str:
        try:
            base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError("It is not base64.") from error
        return content

    @property
    def original(self) -> bytes:
        given = self.validated_data
        return base64.b64decode(given["content_base64"]) if given["content_base64"] else given["text"].encode()


class SourceChangesSerializer(serializers.Serializer[Any]):
    is_active = serializers.BooleanField()


class SearchSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=1000)
    language = serializers.CharField(max_length=8, required=False, allow_blank=True, default="")


class FoundSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField(help_text="`entry:ID` or `chunk:ID`.")
    title = serializers.CharField()
    text = serializers.CharField()
    excerpt = serializers.CharField(help_text="What would be quoted of a long passage.")
    rank = serializers.FloatField()


class UnansweredSerializer(serializers.ModelSerializer[UnansweredQuestion]):
    settled_by = PersonSerializer(read_only=True, allow_null=True)
    examples = serializers.SerializerMethodField(help_text="The latest wordings, each with its lead.")

    class Meta:
        model = UnansweredQuestion
        fields = [
            "id",
            "text",
            "language",
            "times_asked",
            "state",
            "first_asked_at",
            "last_asked_at",
            "settled_by",
            "settled_at",
            "entry",
            "examples",
        ]

    def get_examples(self, question: UnansweredQuestion) -> list[dict[str, Any]]:
        latest = sorted(question.askings.all(), key=lambda asking: -asking.pk)[:3]
        return [{"lead": asking.lead_id, "text": asking.text, "at": asking.at.isoformat()} for asking in latest]


class AnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=8000, help_text="As customers will read it.")
    question = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text="The question in better words."
    )


class ProductSerializer(serializers.ModelSerializer[Product]):
    waiting = serializers.IntegerField(read_only=True, help_text="Leads who wait for it to come back.")

    class Meta:
        model = Product
        fields = [
            "id",
            "sku",
            "name",
            "description",
            "price",
            "currency",
            "stock",
            "url",
            "is_active",
            "waiting",
            "updated_at",
        ]


class StockSerializer(serializers.Serializer[Any]):
    stock = serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True, help_text="null: not counted.")


class TableSerializer(serializers.Serializer[Any]):
    table = serializers.CharField(max_length=LONGEST_TEXT, help_text="CSV; its first line names the columns.")


class ImportedSerializer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class StockAlertSerializer(serializers.ModelSerializer[StockAlert]):
    lead = LeadSummarySerializer(read_only=True)
    product = serializers.SlugRelatedField(slug_field="sku", read_only=True, help_text="The product's SKU.")

    class Meta:
        model = StockAlert
        fields = ["id", "lead", "product", "state", "context", "requested_at", "ended_at"]


class ToolSerializer(serializers.ModelSerializer[WorkspaceTool]):
    class Meta:
        model = WorkspaceTool
        fields = ["id", "name", "description", "url", "inputs", "callers", "timeout_seconds", "is_active", "created_at"]


class NewToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=48)
    description = serializers.CharField(max_length=500)
    url = serializers.CharField(max_length=1000)
    inputs = serializers.JSONField(help_text="The JSON schema of an object.")
    callers = serializers.ListField(child=serializers.ChoiceField(Caller.choices), min_length=1)
    timeout_seconds = serializers.FloatField(min_value=0.5, max_value=8, default=4.0)


class MadeToolSerializer(ToolSerializer):
    signing_key = serializers.SerializerMethodField(help_text="Shown this once.")

    class Meta(ToolSerializer.Meta):
        fields = [*ToolSerializer.Meta.fields, "signing_key"]

    def get_signing_key(self, tool: WorkspaceTool) -> str:
        return str(tool.secrets["signing_key"])
