"""The sandbox's GitHub: REST, git over HTTP, environments that decide, and the tokens of Actions jobs."""

from provisioner.sandbox.github.application import GithubApplication, github_application
from provisioner.sandbox.github.errands import take_on_errands
from provisioner.sandbox.github.job_tokens import JobToken, mint_job_token
from provisioner.sandbox.github.operator import lay_foundations, operator_token, operator_tokens, seed_github

__all__ = [
    "GithubApplication",
    "JobToken",
    "github_application",
    "lay_foundations",
    "mint_job_token",
    "operator_token",
    "operator_tokens",
    "seed_github",
    "take_on_errands",
]
