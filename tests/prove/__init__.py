"""Full figures for the rows of docs/requirements.md, each with its negative control: `./run prove`."""
