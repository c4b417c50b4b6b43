"""Pages by cursor: stable while new rows arrive, and as fast on the last page as on the first."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:  # a cursor that was made up, or another list's
            raise NotFound(self.invalid_cursor_message) from error


class NewestConversations(Cursor):
    ordering = ("-last_message_at", "-id")


class NewestMessages(Cursor):
    ordering = ("-position",)


class NewestUndelivered(Cursor):
    ordering = ("-at", "-id")


class NewestCorrections(Cursor):
    ordering = ("-corrected_at", "-id")


class NewestHandovers(Cursor):
    ordering = ("-requested_at", "-id")


class NewestLeads(Cursor):
    ordering = ("-created_at", "-id")


class Newest(Cursor):
    ordering = ("-id",)


class MostAsked(Cursor):
    ordering = ("-times_asked", "-id")


class ProductsByName(Cursor):
    ordering = ("name", "id")


class NewestAlerts(Cursor):
    ordering = ("-requested_at", "-id")
