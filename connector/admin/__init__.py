"""What changes a CRM or a folder on a person's word."""
