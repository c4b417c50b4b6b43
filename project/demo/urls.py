from django.urls import path

from . import views

app_name = "demo"
urlpatterns = [
    path("", views.stage, name="stage"),
    path("start-over/", views.start_over, name="start_over"),
    path("phone/", views.phone, name="phone"),
    path("progress/", views.progress, name="progress"),
    path("book/", views.book, name="book"),
]
