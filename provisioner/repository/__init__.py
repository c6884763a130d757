"""The GitHub repository of a team: found or made, filled from the template, read back and compared."""
