"""From the generated portfolio to a portal's tables."""
