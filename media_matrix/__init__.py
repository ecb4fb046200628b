"""Accounts, drafts, review, schedule, publishing and read-back."""
