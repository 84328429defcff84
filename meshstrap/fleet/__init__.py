"""Live nodes: what they are asked, and what became of each answer. How a host is reached is testinfra's to know."""
