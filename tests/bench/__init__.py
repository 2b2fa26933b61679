"""What the connector costs: `make bench`."""
