"""From data sets to the site: the table of steps, what each rests on, and the runner that does those that are due."""
