"""Web chat: a page and a widget on the company's own site. Baton itself is the provider."""
