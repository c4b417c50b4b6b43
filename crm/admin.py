from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .admin_base import BatonAdmin, ReadOnlyAdmin
from .models import (
    Activity,
    Consent,
    Hold,
    Identity,
    Lead,
    LeadMerge,
    Membership,
    MergeProposal,
    PeoplePolicy,
    Product,
    StockAlert,
    Suppression,
    TrailEntry,
    User,
    Workspace,
)


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user", "workspace"]


@admin.register(Workspace)
class WorkspaceAdmin(BatonAdmin):
    list_display = ["name", "slug", "timezone", "created_at"]
    search_fields = ["name", "slug"]
    readonly_fields = ["created_at"]
    inlines = [MembershipInline]


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BatonAdmin):
    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        ("May", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("When", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]
    inlines = [MembershipInline]


@admin.register(Membership)
class MembershipAdmin(BatonAdmin):
    list_display = ["user", "workspace", "role"]
    list_filter = ["role", "workspace"]
    list_select_related = ["user", "workspace"]
    search_fields = ["user__email", "user__name"]
    autocomplete_fields = ["user", "workspace"]


class IdentityInline(TabularInline):
    model = Identity
    extra = 0
    fields = ["workspace", "kind", "value"]
    autocomplete_fields = ["workspace"]


@admin.register(Lead)
class LeadAdmin(BatonAdmin):
    list_display = ["__str__", "company", "email", "language", "is_vip", "workspace", "created_at"]
    list_filter = ["is_vip", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "company", "email", "identities__value"]
    readonly_fields = ["created_at"]
    autocomplete_fields = ["workspace"]
    inlines = [IdentityInline]


@admin.register(Identity)
class IdentityAdmin(BatonAdmin):
    list_display = ["value", "kind", "lead", "workspace"]
    list_filter = ["kind", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["value"]
    readonly_fields = ["created_at"]
    autocomplete_fields = ["lead", "workspace"]


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    list_display = ["lead", "purpose", "state", "channel_kind", "source", "at", "workspace"]
    list_filter = ["purpose", "state", "channel_kind", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "proof"]
    ordering = ["-id"]


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ["lead", "kind", "reason", "until", "released_at", "workspace"]
    list_filter = ["kind", ("released_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "reason"]
    ordering = ["-id"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ["value", "kind", "source", "created_at", "lifted_at", "workspace"]
    list_filter = ["kind", ("lifted_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["value", "source"]
    ordering = ["-id"]


@admin.register(PeoplePolicy)
class PeoplePolicyAdmin(ReadOnlyAdmin):
    list_display = ["workspace", "double_opt_in", "merges_by_rule"]
    list_select_related = ["workspace"]


@admin.register(LeadMerge)
class LeadMergeAdmin(ReadOnlyAdmin):
    list_display = ["kept", "gone", "actor", "reason", "merged_at", "undone_at", "workspace"]
    list_filter = [("undone_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["kept", "gone", "workspace"]
    search_fields = ["kept__name", "gone__name", "reason"]
    ordering = ["-id"]


@admin.register(MergeProposal)
class MergeProposalAdmin(ReadOnlyAdmin):
    list_display = ["first", "second", "reason", "proposed_at", "settled_as", "workspace"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), "workspace"]
    list_select_related = ["first", "second", "workspace"]
    search_fields = ["first__name", "second__name", "reason"]
    ordering = ["-id"]


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ["lead", "kind", "points", "at", "workspace"]
    list_filter = ["kind", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "key"]
    ordering = ["-id"]


@admin.register(TrailEntry)
class TrailEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "lead", "actor", "kind", "reason", "workspace"]
    list_filter = ["kind", "actor", "workspace"]
    list_select_related = ["lead", "workspace"]
    search_fields = ["lead__name", "reason"]
    ordering = ["-id"]


# The library's own page shows the seed of every one-time password.
admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Someone who lost their second factor is helped by deleting it here."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    exclude = ["data"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super(ReadOnlyAdmin, self).has_delete_permission(request, obj)


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Imported and counted on the product screen, which checks each row."""

    list_display = ["name", "sku", "price", "currency", "stock", "is_active", "workspace"]
    list_filter = ["is_active", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "sku"]


@admin.register(StockAlert)
class StockAlertAdmin(ReadOnlyAdmin):
    list_display = ["requested_at", "lead", "product", "state", "workspace"]
    list_filter = ["state", "workspace"]
    list_select_related = ["lead", "product", "workspace"]
    search_fields = ["lead__name", "product__name"]
    ordering = ["-id"]
