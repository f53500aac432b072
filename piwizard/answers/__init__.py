"""Hold the questions, their validators, answers.toml, and the secrets."""
