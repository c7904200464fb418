"""Who is in the team, who signs in as whom, and what each person may do."""
