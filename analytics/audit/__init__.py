"""Checking the history in the database against what was promised.

A check is one statement: it sees one snapshot, changes nothing, and asks nothing that an installation would not have.
"""
