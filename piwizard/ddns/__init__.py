"""Dynamic DNS: who provides it, how each is asked, and how the clients are set up."""
