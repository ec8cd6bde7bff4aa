"""Run the whole product on one machine: start its processes, keep them running, leave nothing behind."""
