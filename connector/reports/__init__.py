"""What people read: plans, explanations, the page. Nothing here changes anything."""
