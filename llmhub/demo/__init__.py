"""A home full of simulated providers, teams and a month of calls, to look at without any credential."""

from llmhub.demo.fill import prepare

__all__ = ["prepare"]
