"""Host names on the Internet."""
