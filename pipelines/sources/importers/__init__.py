"""Tables of other layouts (Qilin, any mapped table) to the tables that jobs/mine_pairs.py reads."""
