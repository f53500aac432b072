"""Deploy new versions without a login: polling, pushes, webhooks."""
