"""E-mail: by a mail server of one's own (SMTP, IMAP) or by a service that sends and receives for its customers."""
