"""Find problems, explain them and suggest fixes: doctor, checkup and report."""
