"""Modules that are nothing for users, though some use them."""
