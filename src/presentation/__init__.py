"""Front ends: each a folder of its own, none importing another."""
