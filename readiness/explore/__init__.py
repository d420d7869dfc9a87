"""A search for violations: random schedules of faults under load, judged segment by segment. It never proves."""
