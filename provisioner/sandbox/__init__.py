"""An embedded Google Cloud and GitHub that unmodified clients talk to."""
