"""/p/"""

from django.urls import path

from . import views

app_name = "public"

urlpatterns = [
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("<str:token>/", views.preferences, name="preferences"),
    path("<str:token>/unsubscribe/", views.one_click, name="one_click"),
]
