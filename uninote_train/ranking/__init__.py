"""Ranking by reinforcement: reward, advantage, policies, as pure functions of scores. Source: METHOD.md, section 7."""
