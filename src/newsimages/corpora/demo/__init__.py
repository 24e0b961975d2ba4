"""The demo corpus: made-up news with drawn pictures, from a seeded generator."""
