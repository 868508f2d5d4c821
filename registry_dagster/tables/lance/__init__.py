"""Lance datasets: inspect, verify, code, and what only Lance needs."""
