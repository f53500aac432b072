"""What a person answers: the questions, their validators, answers.toml, and the secrets."""
