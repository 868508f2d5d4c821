"""What the registry costs, as ratios within one run. `make bench` prints the table."""
