"""What a portal holds: definitions, records, links, settings, and what is checked before they change."""
