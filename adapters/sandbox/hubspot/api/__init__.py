"""What answers HubSpot's paths: tokens, limits, and an endpoint for each part of the API."""
