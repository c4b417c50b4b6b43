"""What was said on the telephone: transcripts come in, and nothing goes out. Whoever records calls may deliver them."""
