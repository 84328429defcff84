"""What programs write below docs/, made of the product's own data and texts; the tests hold the pages to it."""
