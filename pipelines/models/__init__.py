"""Loading models of others, their weights, and the client of OpenAI-compatible servers. Knows no step."""
