"""A fake provider on a real port, for tests, the demo and the bench: see docs/simulator.md."""
