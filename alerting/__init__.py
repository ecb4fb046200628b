"""Rules, alerts, duty roster, escalation and delivery."""
