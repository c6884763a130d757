"""What the stand-ins do. Standard library only: they run in a job, beside the code of a repository."""
