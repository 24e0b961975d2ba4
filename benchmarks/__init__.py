"""How fast the project is, beside the plain way of doing the same: `make bench`."""
