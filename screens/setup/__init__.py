"""Walk through the setup of a site: app, address, review."""
