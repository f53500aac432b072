"""From answers to runs: plan, preview, start, status; what every front end shares."""
