"""A home full of simulated providers, teams and calls, to look at without any credential."""
