"""Every answer tried with what nobody meant: what is accepted is rendered and shown to the programs that read it."""
