"""The two stages: contrastive SFT with Matryoshka, and ranking by RL."""
