"""The settings screens: one module for each, all for the roles that may configure."""
