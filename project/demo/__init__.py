"""The demo: a small company with a past, and a page that plays the whole job. Local installations only."""
