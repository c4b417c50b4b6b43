from django.urls import path

from . import views

app_name = "webchat"
urlpatterns = [
    path("<slug:token>/", views.chat_page, name="page"),
    path("<slug:token>/widget.js", views.widget, name="widget"),
    path("<slug:token>/visitors/", views.visitors, name="visitors"),
    path("<slug:token>/messages/", views.messages, name="messages"),
    path("<slug:token>/seen/", views.seen, name="seen"),
]
