"""Reading a Homolog store: `Store(folder)` has one method per question."""
