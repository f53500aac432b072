"""Find, request and renew certificates; explain errors; grade HTTPS."""
