"""Mails: who gets them, what the digest of a week says, and how they are sent."""
