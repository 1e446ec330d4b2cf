"""Reward, advantage and policies of the ranking stage, as pure functions of scores (UniNote, section 3.4)."""
